/**
 * ListTransactions (66), versions 0–1: transactional ids of this node by state, producer id, and (v1) how long
 * their transaction has been running: longer than asked for, -1 = any. Names of states that there
 * are not come back as unknown, and match nothing. Filters are combined; none = everything.
 */
import { coordinates } from '../coordinators.ts';
import { handler } from '../handler.ts';
import { transactionStates } from '../transactions/transaction.ts';

export const listTransactions = handler('ListTransactions', ({ state, request, nowMs }) => {
  const { stateFilters, producerIdFilters, durationFilter } = request.body as {
    stateFilters: readonly string[];
    producerIdFilters: readonly number[];
    durationFilter?: number;
  };
  const longerThanMs = durationFilter ?? -1;
  const found = state.transactions
    .all(nowMs)
    .filter(
      (one) =>
        coordinates(state, request, one.id) &&
        (stateFilters.length === 0 || stateFilters.includes(one.state)) &&
        (producerIdFilters.length === 0 || producerIdFilters.includes(one.producerId)) &&
        (longerThanMs < 0 || nowMs - one.startedAtMs > longerThanMs),
    );
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    unknownStateFilters: stateFilters.filter((name) => !isState(name)),
    transactionStates: found.map(({ id, producerId, state: transactionState }) => ({
      transactionalId: id,
      producerId,
      transactionState,
    })),
  };
});

/** `Dead` and `PrepareEpochFence` are states of Kafka that nobody ever sees. */
function isState(name: string): boolean {
  return ['Dead', 'PrepareEpochFence', ...transactionStates].includes(name);
}
