/** Every API that is served. What is advertised of it stands in versions.ts. */
import type { ApiName } from '#protocol';
import type { Handler } from './handler.ts';
import { addOffsetsToTxn } from './handlers/add-offsets-to-txn.ts';
import { addPartitionsToTxn } from './handlers/add-partitions-to-txn.ts';
import { apiVersions } from './handlers/api-versions.ts';
import { createTopics } from './handlers/create-topics.ts';
import { deleteGroups } from './handlers/delete-groups.ts';
import { deleteTopics } from './handlers/delete-topics.ts';
import { describeGroups } from './handlers/describe-groups.ts';
import { describeProducers } from './handlers/describe-producers.ts';
import { describeTransactions } from './handlers/describe-transactions.ts';
import { endTxn } from './handlers/end-txn.ts';
import { fetch } from './handlers/fetch.ts';
import { findCoordinator } from './handlers/find-coordinator.ts';
import { heartbeat } from './handlers/heartbeat.ts';
import { initProducerId } from './handlers/init-producer-id.ts';
import { joinGroup } from './handlers/join-group.ts';
import { leaveGroup } from './handlers/leave-group.ts';
import { listGroups } from './handlers/list-groups.ts';
import { listOffsets } from './handlers/list-offsets.ts';
import { listTransactions } from './handlers/list-transactions.ts';
import { metadata } from './handlers/metadata.ts';
import { offsetCommit } from './handlers/offset-commit.ts';
import { offsetFetch } from './handlers/offset-fetch.ts';
import { offsetForLeaderEpoch } from './handlers/offset-for-leader-epoch.ts';
import { produce } from './handlers/produce.ts';
import { saslAuthenticate } from './handlers/sasl-authenticate.ts';
import { saslHandshake } from './handlers/sasl-handshake.ts';
import { syncGroup } from './handlers/sync-group.ts';
import { txnOffsetCommit } from './handlers/txn-offset-commit.ts';

export const handlers: ReadonlyMap<ApiName, Handler> = new Map(
  [
    addOffsetsToTxn,
    addPartitionsToTxn,
    apiVersions,
    createTopics,
    deleteGroups,
    deleteTopics,
    describeGroups,
    describeProducers,
    describeTransactions,
    endTxn,
    fetch,
    findCoordinator,
    heartbeat,
    initProducerId,
    joinGroup,
    leaveGroup,
    listGroups,
    listOffsets,
    listTransactions,
    metadata,
    offsetCommit,
    offsetFetch,
    offsetForLeaderEpoch,
    produce,
    saslAuthenticate,
    saslHandshake,
    syncGroup,
    txnOffsetCommit,
  ].map((one) => [one.api, one]),
);
