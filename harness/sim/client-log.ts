/**
 * What kafkajs logs is what the client told its owner, not the learner's own words: it becomes facts of the client.
 * kafkajs wraps the errors of a handler before it says that the consumer died of them; the one it caught, with the
 * learner's line, stands in its log just before.
 */
import type { SourceLine } from '#check';
import type { Incarnation } from './incarnation.ts';
import type { Loader } from './world.ts';

export interface ClientEvent {
  readonly event: string;
  readonly detail: string;
  readonly line: SourceLine | undefined;
}

/** What a client of this process last said that it died of. */
export interface Death {
  readonly detail: string;
  readonly line: SourceLine | undefined;
}

interface Logged {
  readonly message: string;
  readonly stack: string;
}

export interface ClientLog {
  /** Undefined = the text is the learner's own. */
  read(process: Incarnation, text: string): ClientEvent | undefined;
  deathOf(process: Incarnation): Death | undefined;
}

const fromHandler = /^\[Runner\] Error when calling each(?:Message|Batch)$/;

export function createClientLog(loader: Loader): ClientLog {
  const caught = new WeakMap<Incarnation, Death>();
  const deaths = new WeakMap<Incarnation, Death>();

  return {
    read(process, text) {
      const logged = parse(text);
      if (logged === undefined) return undefined;
      const { message, stack } = logged;
      const line = stack === '' ? undefined : loader.lineOf(stack);
      const crash = /^\[Consumer\] Crash: (.*)$/s.exec(message);
      if (crash === null) {
        // Not by its line: how deep a stack reaches must change no fact.
        if (fromHandler.test(message)) caught.set(process, { detail: firstLine(stack), line });
        return { event: 'log', detail: message, line };
      }
      const death = diedOf(crash[1] ?? '', line, caught.get(process));
      deaths.set(process, death);
      return { event: 'consumer.crash', ...death };
    },
    deathOf: (process) => deaths.get(process),
  };
}

function diedOf(detail: string, line: SourceLine | undefined, before: Death | undefined): Death {
  const inner = before === undefined ? '' : withoutName(before.detail);
  const wraps = before !== undefined && inner !== '' && withoutName(detail).startsWith(inner);
  return wraps ? before : { detail, line };
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
const withoutName = (error: string): string => firstLine(error).replace(/^[\w$]+: /, '');

/** A learner may write what only begins like a log line. */
function parse(text: string): Logged | undefined {
  if (!text.startsWith('{"level":') || !text.includes('"logger":"kafkajs"')) return undefined;
  try {
    const { message, stack } = JSON.parse(text) as { message?: unknown; stack?: unknown };
    if (typeof message !== 'string') return undefined;
    return { message, stack: typeof stack === 'string' ? stack : '' };
  } catch {
    return undefined;
  }
}
