/** Every API that is served. What is advertised of it stands in versions.ts. */
import type { ApiName } from '#protocol';
import type { Handler } from '../handler.ts';
import { apiVersions } from './api-versions.ts';
import { createTopics } from './create-topics.ts';
import { deleteGroups } from './delete-groups.ts';
import { deleteTopics } from './delete-topics.ts';
import { describeGroups } from './describe-groups.ts';
import { fetch } from './fetch.ts';
import { findCoordinator } from './find-coordinator.ts';
import { heartbeat } from './heartbeat.ts';
import { initProducerId } from './init-producer-id.ts';
import { joinGroup } from './join-group.ts';
import { leaveGroup } from './leave-group.ts';
import { listGroups } from './list-groups.ts';
import { listOffsets } from './list-offsets.ts';
import { metadata } from './metadata.ts';
import { offsetCommit } from './offset-commit.ts';
import { offsetFetch } from './offset-fetch.ts';
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.ts';
import { produce } from './produce.ts';
import { saslAuthenticate } from './sasl-authenticate.ts';
import { saslHandshake } from './sasl-handshake.ts';
import { syncGroup } from './sync-group.ts';

export const handlers: ReadonlyMap<ApiName, Handler> = new Map(
  [
    apiVersions,
    createTopics,
    deleteGroups,
    deleteTopics,
    describeGroups,
    fetch,
    findCoordinator,
    heartbeat,
    initProducerId,
    joinGroup,
    leaveGroup,
    listGroups,
    listOffsets,
    metadata,
    offsetCommit,
    offsetFetch,
    offsetForLeaderEpoch,
    produce,
    saslAuthenticate,
    saslHandshake,
    syncGroup,
  ].map((one) => [one.api, one]),
);
