/**
 * The facts that the sentences above the table rely on: what Kafka was told about the commands, and
 * the calls that the sentences name. Found by what the sentences say, so that a reader can check
 * each of them in the table.
 */
import type { Fact } from '#check';
import { isChange, type Commit, type Reading } from './reading.ts';
import type { Focus } from './rows.ts';

const speaksOfCommits = /\bcommit|\btold Kafka|\bKafka (knew|was told|had( already)? stored)/;

export function namedFacts(text: string, reading: Reading, focus: Focus): ReadonlySet<number> {
  const named = new Set<number>();
  for (const command of focus.commands) {
    const commits = speaksOfCommits.test(text) ? commitsAbout(command, text, reading, focus) : [];
    for (const { seq } of [...commits, ...callsAbout(command, text, reading)]) named.add(seq);
  }
  return named;
}

/**
 * The first that passes the command, the last before what struck, and the last with the offset
 * told; nothing that came after what broke.
 */
function commitsAbout(
  command: string,
  text: string,
  reading: Reading,
  { witnesses }: Focus,
): Commit[] {
  const input = reading.input(command);
  if (!input) return [];
  const struck = Math.max(-1, ...reading.struck.map(({ fact }) => fact.seq));
  const last = Math.max(-1, ...witnesses);
  const end = last > Math.max(struck, input.seq) ? last : Number.MAX_SAFE_INTEGER;
  const all = reading.facts.filter(
    (fact): fact is Commit =>
      fact.kind === 'commit' &&
      fact.seq > input.seq &&
      fact.seq <= end &&
      fact.topic === input.topic &&
      fact.partition === input.partition,
  );
  const told = /committed offset (?:of \S+ )?was (\d+)/.exec(text)?.[1];
  return [
    all.find(({ offset }) => offset > input.offset),
    all.findLast(({ seq }) => seq < struck),
    told === undefined ? undefined : all.findLast(({ offset }) => offset === Number(told)),
  ].filter((commit) => commit !== undefined);
}

/** The first and the one that repeats it, also after what broke: a sentence may say how late. */
function callsAbout(command: string, text: string, reading: Reading): Fact[] {
  const calls = reading.facts.filter(
    (fact) =>
      reading.commandsOf(fact).includes(command) &&
      (isChange(fact) || (fact.kind === 'port' && text.includes(fact.name))),
  );
  return [calls[0], calls.find(({ seq }) => reading.again.has(seq))].filter(
    (call) => call !== undefined,
  );
}
