/** Causes where nothing was done to anybody: what the facts about the commands show by themselves. */
import type { Reading } from './reading.ts';
import type { Focus } from './rows.ts';
import { capital, number } from './words.ts';

export function calmCause(reading: Reading, focus: Focus): string {
  const opening = 'Nobody died and nothing was lost.';
  for (const command of focus.commands) {
    const found = told(command, reading);
    if (found) return `${opening} ${capital(found)}.`;
  }
  return opening;
}

function told(command: string, reading: Reading): string | undefined {
  const input = reading.input(command);
  const done = reading.done(command);
  const delivered = reading.delivered(command);
  const commit = reading.facts.find(
    (fact) => fact.kind === 'commit' && reading.commandsOf(fact).includes(command),
  );
  const second = done.find((effect) => reading.again.has(effect.seq));
  if (second) {
    const how = second.kind === 'port' ? `${second.name} took it` : `${second.topic} got it`;
    return `${command} was done, and at ${number(second.atMs)} ms ${how} a second time`;
  }
  if (!input) return done.length > 0 ? `no record carried ${command}` : undefined;
  if (delivered.length === 0) {
    return `${command} stands at offset ${input.offset} of ${input.topic}/${input.partition}, and nobody was given it`;
  }
  if (done.length === 0 && commit) {
    return `${commit.kind === 'commit' ? (commit.slot ?? '') : ''} was given ${command} and told Kafka that it was done, but nothing was done with it`;
  }
  if (done.length === 0) return `${command} was delivered, and nothing was done with it`;
  const [effect] = done;
  if (commit && effect && commit.seq < effect.seq) {
    return `Kafka was told at ${number(commit.atMs)} ms that ${command} was done; it was done at ${number(effect.atMs)} ms`;
  }
  return undefined;
}
