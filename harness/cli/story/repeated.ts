/** Which of the effects that came a second time is the one that broke what was promised. */
import type { Fact } from '#check';
import { isChange, type Done, type Reading } from './reading.ts';
import type { Focus } from './rows.ts';

/**
 * The last one that proves the finding; else one of the kind that the proof is made of. A repeat
 * that the proof does not need may be harmless, and one that came of an error that repeats is no
 * cause, nor is what led to an error: then nothing.
 */
export function repeated(all: readonly Done[], reading: Reading, focus: Focus): Done | undefined {
  const { witnesses, lasting } = focus;
  if (focus.last !== undefined) return undefined;
  const repeats = all.filter(({ seq }) => reading.again.has(seq));
  const last = Math.max(-1, ...witnesses);
  if (lasting && last > lasting.first.seq) return undefined;
  const proving = repeats.findLast(({ seq }) => witnesses.has(seq));
  if (proving || lasting) return proving;
  const proof = reading.facts.filter(({ seq }) => witnesses.has(seq));
  const kinds = new Set(proof.flatMap((fact) => kindOf(fact, reading) ?? []));
  return repeats.find((done) => kinds.has(kindOf(done, reading) ?? ''));
}

function kindOf(fact: Fact, reading: Reading): string | undefined {
  if (fact.kind === 'port') return fact.name;
  if (isChange(fact)) return `table ${reading.statement(fact)?.target ?? ''}`;
  return fact.kind === 'append' && fact.slot !== undefined ? `topic ${fact.topic}` : undefined;
}
