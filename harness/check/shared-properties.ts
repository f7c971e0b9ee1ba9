/** The shared properties by name. */
import type { SharedProperty } from '#kit';
import type { SharedDefinition } from './sight.ts';
import { atomic } from './properties/atomic.ts';
import { calmExact } from './properties/calm-exact.ts';
import { crashConsistent } from './properties/crash-consistent.ts';
import { commitSafe } from './properties/commit-safe.ts';
import { idleRestart } from './properties/idle-restart.ts';
import { keyOrder } from './properties/key-order.ts';
import { noInvention } from './properties/no-invention.ts';
import { noLoss } from './properties/no-loss.ts';
import { progress } from './properties/progress.ts';
import { stableId } from './properties/stable-id.ts';

export const sharedProperties: Readonly<Record<SharedProperty, SharedDefinition>> = {
  'no-loss': noLoss,
  'no-invention': noInvention,
  'commit-safe': commitSafe,
  progress,
  'idle-restart': idleRestart,
  'calm-exact': calmExact,
  'key-order': keyOrder,
  'stable-id': stableId,
  atomic,
  'crash-consistent': crashConsistent,
};
