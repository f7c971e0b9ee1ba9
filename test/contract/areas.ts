/** Everything that is in the contract. */
import type { Area } from './area.ts';
import { administration } from './cases/administration.ts';
import { cleaning } from './cases/cleaning.ts';
import { cluster } from './cases/cluster.ts';
import { connections } from './cases/connections.ts';
import { deletion } from './cases/deletion.ts';
import { expiry } from './cases/expiry.ts';
import { fetchSessions } from './cases/fetch-sessions.ts';
import { fetch } from './cases/fetch.ts';
import { groupAdmin } from './cases/group-admin.ts';
import { groupJoining } from './cases/group-joining.ts';
import { groupLife } from './cases/group-life.ts';
import { groupOffsets } from './cases/group-offsets.ts';
import { groupStatic } from './cases/group-static.ts';
import { idempotence } from './cases/idempotence.ts';
import { inspection } from './cases/inspection.ts';
import { limits } from './cases/limits.ts';
import { listOffsets } from './cases/list-offsets.ts';
import { produceRequest } from './cases/produce-request.ts';
import { produce } from './cases/produce.ts';
import { repeats } from './cases/repeats.ts';
import { startUp } from './cases/start-up.ts';
import { topicBirth } from './cases/topic-birth.ts';
import { topics } from './cases/topics.ts';
import { transactionCoordinator } from './cases/transaction-coordinator.ts';
import { transactionLog } from './cases/transaction-log.ts';
import { transactionOffsets } from './cases/transaction-offsets.ts';
import { lateRecords, transactionRaces } from './cases/transaction-races.ts';
import { transactionVerification } from './cases/transaction-verification.ts';
import { transactionsV2, versionsMixed } from './cases/transactions-v2.ts';

export const areas: readonly Area[] = [
  deletion,
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
  transactionCoordinator,
  transactionVerification,
  lateRecords,
  transactionLog,
  transactionOffsets,
  transactionRaces,
  transactionsV2,
  versionsMixed,
  administration,
  inspection,
  repeats,
  startUp,
  limits,
  expiry,
  cleaning,
  cluster,
];
