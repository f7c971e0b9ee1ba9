/** Everything that is in the contract. */
import type { Area } from './area.ts';
import { connections } from './cases/connections.ts';
import { fetchSessions } from './cases/fetch-sessions.ts';
import { fetch } from './cases/fetch.ts';
import { groupAdmin } from './cases/group-admin.ts';
import { groupJoining } from './cases/group-joining.ts';
import { groupLife } from './cases/group-life.ts';
import { groupOffsets } from './cases/group-offsets.ts';
import { groupStatic } from './cases/group-static.ts';
import { idempotence } from './cases/idempotence.ts';
import { listOffsets } from './cases/list-offsets.ts';
import { produceRequest } from './cases/produce-request.ts';
import { produce } from './cases/produce.ts';
import { topicBirth } from './cases/topic-birth.ts';
import { topics } from './cases/topics.ts';

export const areas: readonly Area[] = [
  connections,
  topics,
  topicBirth,
  produce,
  produceRequest,
  idempotence,
  fetch,
  fetchSessions,
  listOffsets,
  groupJoining,
  groupLife,
  groupStatic,
  groupOffsets,
  groupAdmin,
];
