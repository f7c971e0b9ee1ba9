/**
 * Causes where nothing was done to anybody: what the facts about the commands show by themselves.
 */
import { roleOf } from '#schedule';
import type { Focus } from './rows.ts';
import { isChange, type Change, type Commit, type Done, type Reading } from './reading.ts';
import { repeated } from './repeated.ts';
import { capital, number } from './words.ts';

export function calmCause(reading: Reading, focus: Focus): string {
  const opening = 'No fault struck.';
  for (const command of focus.commands) {
    const found = told(command, reading, focus);
    if (found) return `${opening} ${capital(found)}.`;
  }
  return opening;
}

function told(command: string, reading: Reading, focus: Focus): string | undefined {
  const done = reading.done(command);
  const second = repeated(
    done.filter((effect) => !isChange(effect) || isSameRow(effect, command, reading)),
    reading,
    focus,
  );
  if (second) {
    const how = `${taker(second)} it`;
    return `${command} was done, and at ${number(second.atMs)} ms ${how} a second time`;
  }
  const [first] = done;
  return first ? toldOnce(command, first, reading) : undone(command, reading);
}

/** The same row once more, or the same amount: no further step of the same story. */
function isSameRow(change: Change, command: string, reading: Reading): boolean {
  const before = reading
    .done(command)
    .filter((done) => isChange(done) && done.seq < change.seq)
    .flatMap(({ seq }) => reading.changes(seq));
  return reading
    .changes(change.seq)
    .some((text) => text.endsWith(' again') || before.some((other) => isSameStep(other, text)));
}

/** `accounts alice 30 → 60` after `accounts alice 0 → 30`. */
function isSameStep(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => /^(.*) (-?[\d.]+) → (-?[\d.]+)$/.exec(text));
  if (!first || !second || first[1] !== second[1]) return false;
  return Number(first[3]) - Number(first[2]) === Number(second[3]) - Number(second[2]);
}

function undone(command: string, reading: Reading): string | undefined {
  const input = reading.input(command);
  if (!input) return undefined;
  const commit = commitOf(command, reading);
  const where = `offset ${input.offset} of ${input.topic}/${input.partition}`;
  if (reading.delivered(command).length === 0) {
    return `${command} stands at ${where}, and nobody was given it`;
  }
  const told = commit ? ` and ${commit.slot ?? 'somebody'} told Kafka that it was done` : '';
  return `${command} was delivered${told}, but nothing was done with it`;
}

/** Done once: then only what Kafka was told about it can be wrong. */
function toldOnce(command: string, done: Done, reading: Reading): string | undefined {
  const commit = commitOf(command, reading);
  const did = `${taker(done)} ${command}`;
  if (!commit) return `${did} at ${number(done.atMs)} ms, and Kafka was never told so`;
  if (commit.seq < done.seq) {
    return (
      `Kafka was told at ${number(commit.atMs)} ms that ${command} was done;` +
      ` ${did} at ${number(done.atMs)} ms`
    );
  }
  const { slot, group } = commit;
  return slot !== undefined && group !== roleOf(slot)
    ? `${did} at ${number(done.atMs)} ms, and ${slot} told Kafka so for the group ${group}`
    : undefined;
}

/** `sink.record took` */
function taker(done: Done): string {
  switch (done.kind) {
    case 'port':
      return `${done.name} took`;
    case 'table':
      return 'the database got';
    case 'append':
      return `${done.topic} got`;
  }
}

function commitOf(command: string, reading: Reading): Commit | undefined {
  return reading.facts.find(
    (fact): fact is Commit =>
      fact.kind === 'commit' &&
      reading.commandsOf(fact).includes(command) &&
      // A group that goes back covers the same records and says the opposite.
      fact.offset > (reading.input(command)?.offset ?? -1),
  );
}
