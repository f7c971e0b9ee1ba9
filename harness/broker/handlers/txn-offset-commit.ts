/**
 * TxnOffsetCommit (28), versions 0–4, and 5 as `kafka-4`: commits offsets as part of a transaction.
 * The order of checks is the header of groups/transactional-offsets.ts. Another node's group →
 * NOT_COORDINATOR, for partitions that are there.
 *
 * What the transaction coordinator says, in words that this API has: the group's partition of
 * `__consumer_offsets` was not added → INVALID_TXN_STATE up to version 3, TRANSACTION_ABORTABLE in
 * 4; version 5 adds it instead. PRODUCER_FENCED is INVALID_PRODUCER_EPOCH in every version.
 */
import type { ErrorName } from '#protocol';
import { offsetsToCommit, tellOffsets } from '../commit-request.ts';
import { coordinates, offsetsElsewhere } from '../coordinators.ts';
import { offsetsPartitionOf, offsetsTopic } from '../groups/offsets-log.ts';
import { handler, type HandlerContext } from '../handler.ts';

export const txnOffsetCommit = handler('TxnOffsetCommit', (context) => {
  const { state, request } = context;
  const { body, connection } = request;
  const offsets = offsetsToCommit(state, body.topics);
  const commit = {
    groupId: body.groupId,
    memberId: body.memberId,
    instanceId: body.groupInstanceId,
    generation: body.generationId,
    producerId: body.producerId,
    producerEpoch: body.producerEpoch,
    connection,
    offsets,
    verify: () => verify(context),
  };
  const errors = coordinates(state, request, body.groupId)
    ? state.groups.commitInTransaction(commit)
    : offsetsElsewhere(state, offsets);
  return { throttleTimeMs: 0, topics: tellOffsets(state, body.topics, offsets, errors) };
});

function verify({ state, request, nowMs }: HandlerContext): ErrorName {
  const { body, version, connection } = request;
  const { transactionalId, groupId } = body;
  const place = { topic: offsetsTopic, partition: offsetsPartitionOf(groupId) };
  const error =
    version >= 5
      ? state.transactions.add(transactionalId, body, [place], nowMs, connection)
      : state.transactions.verify(transactionalId, body, place, nowMs);
  if (error === 'PRODUCER_FENCED') return 'INVALID_PRODUCER_EPOCH';
  return error === 'TRANSACTION_ABORTABLE' && version < 4 ? 'INVALID_TXN_STATE' : error;
}
