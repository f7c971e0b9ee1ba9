/**
 * AddOffsetsToTxn (25), versions 0–4: the group's partition of `__consumer_offsets` becomes part of
 * the transaction, as AddPartitionsToTxn does it for others. Nobody looks whether there is such a
 * group. PRODUCER_FENCED is INVALID_PRODUCER_EPOCH in versions 0 and 1.
 */
import { errorCode } from '#protocol';
import { offsetsPartitionOf, offsetsTopic } from '../groups/offsets-log.ts';
import { handler } from '../handler.ts';

export const addOffsetsToTxn = handler('AddOffsetsToTxn', ({ state, request, nowMs }) => {
  const { body, version, connection } = request;
  const { transactionalId, groupId } = body;
  const place = { topic: offsetsTopic, partition: offsetsPartitionOf(groupId) };
  const error = state.transactions.add(transactionalId, body, [place], nowMs, connection);
  const isOld = error === 'PRODUCER_FENCED' && version < 2;
  return { throttleTimeMs: 0, errorCode: errorCode(isOld ? 'INVALID_PRODUCER_EPOCH' : error) };
});
