/** Errors that no fault brought about, as the sentence of cause says them. */
import type { Refusal } from '#check';
import type { Reading } from './reading.ts';
import type { Focus } from './rows.ts';
import { capital, errandNoun, errandOf } from './words.ts';

/** After all that struck and before what broke, if that came once: somebody acted upon an error. */
export function lastRefusal(
  errors: readonly Refusal[],
  witnesses: ReadonlySet<number>,
  { again, struck }: Reading,
): Refusal | undefined {
  const broke = Math.max(-1, ...witnesses);
  const since = Math.max(-1, ...struck.map(({ fact }) => fact.seq));
  if (again.has(broke)) return undefined;
  return errors.findLast(({ first }) => first.seq > since && first.seq < broke);
}

/** Why nothing goes on, as the same request gets the same error for ever; or what led to the end. */
export function refusedSentence({ lasting, last }: Focus, { struck }: Reading): string {
  const refusal = lasting ?? last;
  if (refusal === undefined) return '';
  const { first } = refusal;
  const noun = errandNoun(first);
  const { error = 'an error' } = first;
  const told =
    errandOf(first.operation) === 'port'
      ? `${noun} was rejected${lasting ? ' each time' : ''}: ${error}`
      : `${noun} was answered ${error}${lasting ? ', each time' : ''}`;
  const follows = struck.some(({ fact }) => fact.seq < first.seq);
  return follows ? `${lasting ? 'From then on' : 'Then'} ${told}.` : `${capital(told)}.`;
}
