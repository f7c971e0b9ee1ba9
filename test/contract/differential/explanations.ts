/**
 * Where the two may differ, and why that is no finding. Each is a predicate on one observation of
 * each side; a comparison that one of them suppresses is counted.
 */
import type { Observation } from './commands.ts';

export interface Explanation {
  readonly name: string;
  readonly because: string;
  explains(embedded: Observation, real: Observation): boolean;
}

const race = new Set(['INVALID_TXN_STATE', 'TRANSACTION_ABORTABLE']);

export const explanations: readonly Explanation[] = [
  {
    name: 'words of another version',
    because:
      'Kafka asks its coordinator about several producers at a time, and answers all of them in ' +
      'the words of the oldest version among them',
    explains: (embedded, real) =>
      (embedded.kind === 'write' || embedded.kind === 'offset-in-transaction') &&
      embedded.kind === real.kind &&
      embedded['error'] !== real['error'] &&
      race.has(String(embedded['error'])) &&
      race.has(String(real['error'])),
  },
];
