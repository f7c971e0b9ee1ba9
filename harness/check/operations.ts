/**
 * The steps of each request or call together: one entry per (slot, incarnation, operation,
 * target, cause, ordinal).
 */
import type { Fact, OperationFact } from './facts.ts';

type Step = Fact & OperationFact;

/** In the order of their first step; only those of one operation where it is given. */
export function operations(
  facts: readonly Fact[],
  only?: string,
): readonly (readonly [Step, ...Step[]])[] {
  const found = new Map<string, [Step, ...Step[]]>();
  for (const fact of facts) {
    if (fact.kind !== 'operation' || (only !== undefined && fact.operation !== only)) continue;
    const { slot, incarnation, operation, target, cause, ordinal } = fact;
    const key = `${slot}#${incarnation} ${operation} ${target} (${cause.join(' ')}) #${ordinal}`;
    const steps = found.get(key);
    if (steps === undefined) found.set(key, [fact]);
    else steps.push(fact);
  }
  return [...found.values()];
}
