/**
 * Why a service does nothing more although its database would: all connections of a pool are out, or one was given
 * back in a transaction that has failed. Asked when a run is over.
 *
 * A pool tells nobody that somebody waits for it. It shows where calls are marked: a call that asks for a connection
 * or a statement is open, nothing of it ever crossed, and every connection of the process rests. In other runs
 * nothing is said of pools.
 */
import type { SourceLine, Stuck } from '#check';
import type { Incarnation } from './incarnation.ts';
import type { Line } from './sql-line.ts';
import type { World } from './world.ts';

/** The first error of a transaction that is still open, and how many statements were refused since. */
export interface FailedTransaction {
  readonly what: string;
  readonly code: string;
  readonly line: SourceLine | undefined;
  readonly refused: number;
}

const inFailedTransaction = '25P02';

/** What is known of a session's failed transaction after one more answer. */
export function failedAfter(
  before: FailedTransaction | undefined,
  answer: { readonly status: string; readonly code: string | undefined },
  asked: { readonly what: string; readonly line: SourceLine | undefined },
): FailedTransaction | undefined {
  const { status, code } = answer;
  if (status !== 'E') return undefined;
  if (before === undefined) return { ...asked, code: code ?? '', refused: 0 };
  return code === inFailedTransaction ? { ...before, refused: before.refused + 1 } : before;
}

export function stuckOf(world: World, lines: Iterable<Line>): Stuck | undefined {
  const alive = [...lines].filter(({ connection }) => connection.open && !connection.owner.dead);
  const failed = alive.find(({ failure }) => (failure?.refused ?? 0) > 0);
  if (failed?.failure !== undefined) {
    return { reason: 'transaction', sentence: failedSentence(failed, failed.failure) };
  }
  for (const [owner, theirs] of Map.groupBy(alive, ({ connection }) => connection.owner)) {
    const sentence = poolSentence(world, owner, theirs);
    if (sentence !== undefined) return { reason: 'pool', sentence };
  }
  return undefined;
}

function failedSentence({ connection }: Line, { what, code, line }: FailedTransaction) {
  return (
    `${connection.owner.slot} goes on with a connection whose transaction has failed: ` +
    `${what}${at(line)} got ${code}, nobody rolled back, and what is asked since gets ` +
    `${inFailedTransaction} (current transaction is aborted)`
  );
}

function poolSentence(
  world: World,
  owner: Incarnation,
  lines: readonly Line[],
): string | undefined {
  if (lines.some(({ current, queue }) => current !== undefined || queue.length > 0)) {
    return undefined;
  }
  const asked = world.visits?.unanswered(owner).flatMap((site) => {
    const call = world.loader.callOfSite(site);
    return call !== undefined && wantsConnection.test(call.text) ? [call] : [];
  })[0];
  if (asked === undefined) return undefined;
  const users = [...new Set(lines.flatMap(({ lastLine }) => placeOf(lastLine)))];
  const count = countOf(lines.length);
  const used = users.length === 0 ? '' : `, last used at ${users.join(' and ')}`;
  const [name = ''] = /^[^(]*/.exec(asked.text) ?? [];
  const are = lines.length === 1 ? 'is' : 'are';
  return (
    `${owner.slot} waits for ${name}()${at(asked.line)}: ` +
    `${count} of the pool ${are} out${used}, and nobody gives one back`
  );
}

function countOf(connections: number): string {
  if (connections === 1) return 'the only connection';
  return connections === 2 ? 'both connections' : `all ${connections} connections`;
}

/** `db.connect()`, `pool.query(…)`; clients of Kafka connect as well. */
const wantsConnection = /^(?!.*(?:consumer|producer|admin|kafka)\b)[^(]*\.(?:connect|query)\(/i;

function at(line: SourceLine | undefined): string {
  return placeOf(line)
    .map((place) => ` at ${place}`)
    .join('');
}

function placeOf(line: SourceLine | undefined): string[] {
  return line === undefined ? [] : [`${line.file}:${line.line}`];
}
