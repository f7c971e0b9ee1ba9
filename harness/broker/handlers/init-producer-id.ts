/**
 * InitProducerId (22), versions 0–5. Only one of producer id and epoch given → INVALID_REQUEST.
 * Without a transactional id: a fresh id with epoch 0, whatever timeout, id and epoch are given.
 * With one: the header of transactions/init.ts; "" → INVALID_REQUEST. PRODUCER_FENCED is
 * INVALID_PRODUCER_EPOCH up to version 3.
 */
import { errorCode } from '#protocol';
import { handler, type Answer, type HandlerContext } from '../handler.ts';
import { refused, type ProducerAnswer } from '../transactions/init.ts';

export const initProducerId = handler('InitProducerId', (context): Answer => {
  const { error, producerId, producerEpoch } = initialize(context);
  const isOld = error === 'PRODUCER_FENCED' && context.request.version < 4;
  const code = errorCode(isOld ? 'INVALID_PRODUCER_EPOCH' : error);
  return { throttleTimeMs: 0, errorCode: code, producerId, producerEpoch };
});

function initialize({ state, request, nowMs }: HandlerContext): ProducerAnswer {
  const { body, connection } = request;
  const { transactionalId, transactionTimeoutMs: timeoutMs, producerId, producerEpoch } = body;
  if ((producerId === -1) !== (producerEpoch === -1)) return refused('INVALID_REQUEST');
  if (transactionalId === null) {
    return { error: 'NONE', producerId: state.newProducerId(), producerEpoch: 0 };
  }
  const expected = producerId === -1 ? undefined : { producerId, producerEpoch };
  return state.transactions.init({ transactionalId, timeoutMs, expected, connection }, nowMs);
}
