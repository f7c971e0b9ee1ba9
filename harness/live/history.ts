/** Writes the facts of one live run, in the order in which this process saw them, in real time. */
import type { Fact, Unstamped } from '#check';
import { stopwatch, type Milliseconds } from '#kernel';

export interface History {
  add(fact: Unstamped): void;
  facts(): readonly Fact[];
  nowMs(): Milliseconds;
  /** How long nothing has happened that could matter to anybody. */
  quietMs(): Milliseconds;
}

/** They change nothing for anybody: they do not keep a run from coming to rest. */
const silent = new Set<Fact['kind']>(['operation', 'console', 'client']);

export function createHistory(): History {
  const elapsed = stopwatch();
  const facts: Fact[] = [];
  let lastChangeMs = 0;
  return {
    add(fact) {
      const atMs = Math.round(elapsed());
      facts.push({ seq: facts.length, atMs, ...fact });
      if (!silent.has(fact.kind)) lastChangeMs = elapsed();
    },
    facts: () => facts,
    nowMs: elapsed,
    quietMs: () => elapsed() - lastChangeMs,
  };
}
