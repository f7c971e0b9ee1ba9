/**
 * Where a run first goes another way than the calm run: the first fact that differs when times,
 * positions and source lines are left out. Faults and console lines are not compared: a fault is
 * the cause, what follows it is the answer.
 */
import { canonical } from '#kernel';
import type { Fact } from './facts.ts';

export interface Divergence {
  /** What happened here; left out where the history ends before the calm one. */
  readonly fact?: Fact;
  /** What happened in the calm run instead. */
  readonly calm?: Fact;
}

export function firstDivergence(
  facts: readonly Fact[],
  calmFacts: readonly Fact[],
): Divergence | undefined {
  const here = facts.filter(isCompared);
  const there = calmFacts.filter(isCompared);
  for (let index = 0; index < Math.max(here.length, there.length); index += 1) {
    const fact = here[index];
    const calm = there[index];
    if (fact && calm && bare(fact) === bare(calm)) continue;
    return { ...(fact && { fact }), ...(calm && { calm }) };
  }
  return undefined;
}

function isCompared({ kind }: Fact): boolean {
  return kind !== 'fault' && kind !== 'console';
}

function bare(fact: Fact): string {
  return canonical({ ...fact, seq: 0, atMs: 0, line: null });
}
