/**
 * OffsetCommit (8), versions 0–9: remembers how far a group has read. Who may do so, and in which order Kafka asks,
 * is the header of groups/offsets.ts. Another node's group → NOT_COORDINATOR, for partitions that are there.
 *
 * As Kafka 4, v9 has a name of its own for a generation of a group that is not there: GROUP_ID_NOT_FOUND.
 * v0 has neither generation nor member: it is a consumer without membership (Kafka 3.9 would ask ZooKeeper).
 * Not served: retention time per request (v2–4 carry it; Kafka has ignored it since 2.1).
 */
import type { ErrorName } from '#protocol';
import { offsetsToCommit, tellOffsets } from '../commit-request.ts';
import { offsetsElsewhere } from '../coordinators.ts';
import { handler } from '../handler.ts';

export const offsetCommit = handler('OffsetCommit', ({ state, request, nowMs }) => {
  const { body, connection, version } = request;
  const offsets = offsetsToCommit(state, body.topics);
  const who = {
    groupId: body.groupId,
    memberId: body.memberId,
    instanceId: body.groupInstanceId,
    generation: body.generationIdOrMemberEpoch,
    connection,
  };
  const noSuchGroup =
    state.config.profile === 'kafka-4' && version >= 9 && !state.groups.describe(body.groupId);
  const told = (error: ErrorName): ErrorName =>
    noSuchGroup && error === 'ILLEGAL_GENERATION' ? 'GROUP_ID_NOT_FOUND' : error;
  const isOurs = state.cluster.coordinatorOf(who.groupId) === request.node;
  const errors = isOurs
    ? state.groups.commit(who, offsets, nowMs).map(told)
    : offsetsElsewhere(state, offsets);
  return { throttleTimeMs: 0, topics: tellOffsets(state, body.topics, offsets, errors) };
});
