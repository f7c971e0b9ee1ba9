/**
 * InitProducerId (22), versions 0–5: a fresh id with epoch 0, whatever timeout, id and epoch are
 * given. Transactional id "" → INVALID_REQUEST.
 *
 * Not served: transactional ids. They are refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
 * which every client takes as final (others are retried for ever by some).
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type Answer } from '../handler.ts';

export const initProducerId = handler('InitProducerId', ({ state, request }) => {
  const { transactionalId } = request.body;
  if (transactionalId === '') return refused('INVALID_REQUEST');
  if (transactionalId !== null) return refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
  return { throttleTimeMs: 0, errorCode: 0, producerId: state.newProducerId(), producerEpoch: 0 };
});

function refused(error: ErrorName): Answer {
  return { throttleTimeMs: 0, errorCode: errorCode(error), producerId: -1, producerEpoch: -1 };
}
