/** Everything that is in the contract. */
import type { Area } from './area.ts';
import { connections } from './cases/connections.ts';
import { fetchSessions } from './cases/fetch-sessions.ts';
import { fetch } from './cases/fetch.ts';
import { idempotence } from './cases/idempotence.ts';
import { listOffsets } from './cases/list-offsets.ts';
import { produceRequest } from './cases/produce-request.ts';
import { produce } from './cases/produce.ts';

export const areas: readonly Area[] = [
  connections,
  produce,
  produceRequest,
  idempotence,
  fetch,
  fetchSessions,
  listOffsets,
];
