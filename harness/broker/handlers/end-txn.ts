/**
 * EndTxn (26), versions 0–4, and 5 as `kafka-4`: decides how a transaction ends, and answers before
 * any reader can know: the markers come later (transactions/markers.ts). What it says when is in
 * transactions/ending.ts; "" → INVALID_REQUEST. PRODUCER_FENCED is INVALID_PRODUCER_EPOCH in
 * versions 0 and 1. Version 5 tells the producer id and epoch of the next transaction.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const endTxn = handler('EndTxn', ({ state, request, nowMs }) => {
  const { body, version, connection } = request;
  const { transactionalId, producerId, producerEpoch, committed } = body;
  const answer = state.transactions.end(
    {
      transactionalId,
      producerId,
      producerEpoch,
      outcome: committed ? 'commit' : 'abort',
      bumpsEpoch: version >= 5,
      connection,
    },
    nowMs,
  );
  const isOld = answer.error === 'PRODUCER_FENCED' && version < 2;
  return {
    throttleTimeMs: 0,
    errorCode: errorCode(isOld ? 'INVALID_PRODUCER_EPOCH' : answer.error),
    producerId: answer.producerId,
    producerEpoch: answer.producerEpoch,
  };
});
