/** Errors that no fault brought about, as the sentence of cause says them. */
import type { Refusal } from '#check';
import type { Reading } from './reading.ts';
import { capital, errandNoun, errandOf } from './words.ts';

/** Why nothing goes on: the same request gets the same error for ever. */
export function refusedSentence({ first }: Refusal, { struck }: Reading): string {
  const noun = errandNoun(first);
  const isPort = errandOf(first.operation) === 'port';
  const error = first.error ?? 'an error';
  const told = isPort
    ? `${noun} was rejected each time: ${error}`
    : `${noun} was answered ${error}, each time`;
  return struck.some(({ fact }) => fact.seq < first.seq)
    ? `From then on ${told}.`
    : `${capital(told)}.`;
}
