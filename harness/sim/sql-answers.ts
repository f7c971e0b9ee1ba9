/** Answers that the database lane gives itself, in PostgreSQL's words, and what it says when it cannot go on. */
import { Failure } from '#kernel';
import type { ChapterDefinition } from '#kit';
import { errorResponse, type Answer, type Frame, type Notification } from '#postgres';
import { databaseName } from './network.ts';
import type { Line } from './sql-line.ts';
import type { World } from './world.ts';

/** True = it was told so, and is gone. */
export function refusesLogin(
  { chapter, network }: World,
  { connection }: Line,
  user: string,
  database: string,
): boolean {
  const wrong = refusedLogin(chapter, user, database);
  if (wrong === undefined) return false;
  network.answer(connection, wrong.bytes, () => undefined);
  network.close(connection);
  return true;
}

/** Who logs in with names that are not of this world. */
function refusedLogin(
  { roles }: ChapterDefinition,
  user: string,
  database: string,
): Frame | undefined {
  const fatal = { S: 'FATAL', V: 'FATAL' };
  if (roles[user] === undefined) {
    return errorResponse({ ...fatal, C: '28000', M: `role "${user}" does not exist` });
  }
  if (database === databaseName) return undefined;
  return errorResponse({ ...fatal, C: '3D000', M: `database "${database}" does not exist` });
}

export function asFrame({ bytes }: Notification): Frame {
  return { type: 'A', bytes };
}

/** Ended from outside: no client of ours can have brought that about. */
export function isServerGone({ closed, error }: Answer): boolean {
  return closed && (error === undefined || /^57P0[123]$/.test(error['C'] ?? ''));
}

export function serverGone(): Failure {
  return new Failure('NO_DATABASE', 'The database went away: run the command again.');
}

/** Nothing can be said about a run in which this was asked for. */
export function finishUncontrolled(
  world: World,
  { connection }: Line,
  what: string,
  why: string,
): void {
  const { stack, owner } = connection;
  const line = stack === undefined ? undefined : world.loader.lineOf(stack);
  const where = line === undefined ? owner.slot : `${line.file}:${line.line}`;
  const sentence = `${where} ${what} ${why}, which the simulation cannot replay.`;
  const advice = 'Say it without that, or let the service work it out itself.';
  world.finish({ kind: 'uncontrolled', sentence, advice, ...(line && { line }) });
}

const longestText = 60;

export function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
}
