/**
 * One small function per kind of fact: what it says in the lanes, as a sentence, and how much it
 * weighs.
 */
import type { Fact } from '#check';
import { isChange, type Change, type Port, type Reading } from './reading.ts';
import { appendDraft, commitDraft, deliverDraft, markerDraft } from './log-drafts.ts';
import type { Cell } from './rows.ts';
import { duration, errandOf, list, statementWords } from './words.ts';

/** A row before it is known whether it is part of the proof. */
export interface Draft {
  readonly cells: readonly Cell[];
  readonly sentence: string;
  readonly weight: number;
}

export function draftOf(
  fact: Fact,
  reading: Reading,
  slots: ReadonlySet<string>,
): Draft | undefined {
  switch (fact.kind) {
    case 'append':
      return appendDraft(fact, reading);
    case 'deliver':
      return deliverDraft(fact, reading);
    case 'commit':
      return commitDraft(fact, reading);
    case 'marker':
      return markerDraft(fact, reading);
    case 'port':
      return portDraft(fact, reading);
    case 'table':
      return isChange(fact) ? changeDraft(fact, reading) : undefined;
    case 'command':
      return commandDraft(fact, reading);
    case 'instance':
      return instanceDraft(fact, reading, slots);
    case 'assign':
      return assignDraft(fact, reading, slots);
    case 'operation':
      return operationDraft(fact, reading, slots);
    case 'console':
      return {
        cells: [{ lane: `slot ${fact.slot}`, text: `prints ${JSON.stringify(fact.text.trim())}` }],
        sentence: `${fact.slot} prints ${JSON.stringify(fact.text.trim())}.`,
        weight: 0,
      };
    case 'client':
      return {
        cells: [{ lane: `slot ${fact.slot}`, text: clientText(fact) }],
        sentence: `${fact.slot}: ${clientText(fact)}.`,
        weight: !slots.has(fact.slot) ? 0 : fact.event === 'log' ? 10 : 50,
      };
    default:
      return undefined;
  }
}

function clientText({ event, detail }: Extract<Fact, { kind: 'client' }>): string {
  const what = /crash/i.test(event)
    ? 'its consumer crashes'
    : event === 'log'
      ? 'its client logs'
      : `its client says ${event}`;
  return detail ? `${what}: ${detail}` : what;
}

function portDraft(fact: Port, reading: Reading): Draft {
  const [port = fact.name, call = ''] = fact.name.split('.');
  const about = reading.commandsOf(fact);
  const what = about.length > 0 ? list(about) : brief(fact.args);
  const again = reading.again.has(fact.seq) ? ' again' : '';
  const rejected = fact.outcome === 'rejected';
  const result = rejected ? `rejects ${what}` : `${call} ${what}${again}`;
  return {
    cells: [
      { lane: `slot ${fact.slot}`, text: `${fact.name} ${what}`.trim() },
      { lane: `port ${port}`, text: result.trim(), call },
    ],
    sentence: rejected
      ? `${fact.slot} calls ${fact.name} ${what}, and ${port} rejects it.`
      : `${fact.slot} calls ${fact.name} ${what}, and it takes effect${again}.`,
    weight: rejected ? 20 : 60,
  };
}

/** More rows than these are counted. */
const mostChanges = 4;

/** What a commit changed, beside the statement that committed it. */
function changeDraft(fact: Change, reading: Reading): Draft {
  const statement = reading.statement(fact);
  const what = statement ? statementWords(statement) : 'a commit';
  const changes = reading.changes(fact.seq);
  const more = changes.length - mostChanges;
  const shown = [...changes.slice(0, mostChanges), ...(more > 0 ? [`${more} more`] : [])];
  return {
    cells: [
      { lane: `slot ${fact.slot}`, text: what },
      ...shown.map((text) => ({ lane: 'tables database', text })),
    ],
    sentence: `${fact.slot}: ${what}; in the database: ${shown.join('; ')}.`,
    weight: 60,
  };
}

function brief(args: readonly unknown[]): string {
  const text = JSON.stringify(args.length === 1 ? args[0] : args) ?? '';
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

function commandDraft(
  fact: Extract<Fact, { kind: 'command' }>,
  reading: Reading,
): Draft | undefined {
  if (!fact.slot) return undefined;
  if (fact.state === 'sent') return callDraft(fact, fact.slot, reading);
  const text =
    fact.state === 'acked'
      ? `${fact.id} is acknowledged`
      : `${fact.id} stays unanswered${fact.reason ? `: ${fact.reason}` : ''}`;
  return {
    cells: [{ lane: `slot ${fact.slot}`, text }],
    sentence: `${fact.slot}: ${text}.`,
    weight: reading.struck.some(({ slot }) => slot === fact.slot) ? 30 : 10,
  };
}

/** A command that never becomes a record of its own would be seen by its effects only. */
function callDraft(
  { id, call }: Extract<Fact, { kind: 'command' }>,
  slot: string,
  reading: Reading,
): Draft | undefined {
  if (call === undefined || reading.input(id)) return undefined;
  const about = reading.concerns(id);
  const text = `called: ${call} ${list(about.length > 0 ? about : [id])}`;
  return { cells: [{ lane: `slot ${slot}`, text }], sentence: `${slot} is ${text}.`, weight: 61 };
}

function instanceDraft(
  fact: Extract<Fact, { kind: 'instance' }>,
  reading: Reading,
  slots: ReadonlySet<string>,
): Draft | undefined {
  const why = fact.reason ? `: ${fact.reason}` : '';
  const first = fact.incarnation <= 1;
  const [text, weight] = {
    starts: first ? ['starts', 0] : ['starts again', 56],
    ready: ['is ready', 0],
    dies: [`dies${why}`, 58],
    exits: [`exits${why}`, 58],
    stopping: ['is asked to end (SIGTERM)', 40],
    stopped: ['has ended', 30],
    frozen: ['stands still', 50],
    thawed: [`WAKES${asleep(fact, reading)}`, 95],
    cut: ['loses its connections', 50],
    healed: ['reaches Kafka again', 50],
  }[fact.state] as [string, number];
  return {
    cells: [{ lane: `slot ${fact.slot}`, text }],
    sentence: `${fact.slot} ${text}.`,
    weight: slots.has(fact.slot) ? weight : 0,
  };
}

function asleep(fact: Extract<Fact, { kind: 'instance' }>, reading: Reading): string {
  const before = reading.facts.findLast(
    (other) =>
      other.kind === 'instance' &&
      other.slot === fact.slot &&
      other.state === 'frozen' &&
      other.seq < fact.seq,
  );
  return before ? ` after ${duration(fact.atMs - before.atMs)}` : '';
}

function assignDraft(
  fact: Extract<Fact, { kind: 'assign' }>,
  reading: Reading,
  slots: ReadonlySet<string>,
): Draft {
  const known = fact.members.filter((member) => member.slot !== undefined);
  const cells = known.map(({ slot, partitions }) => ({
    lane: `slot ${slot}`,
    text: partitions.length > 0 ? `owns ${owned(partitions)}` : 'owns nothing',
    minor: true,
  }));
  const told = known.map(({ slot, partitions }) =>
    partitions.length > 0 ? `${slot} owns ${owned(partitions)}` : `${slot} owns nothing`,
  );
  const several = new Set([...slots].filter((slot) => known.some((m) => m.slot === slot))).size > 1;
  const moved = reading.struck.some(
    ({ slot, fact: { seq } }) =>
      slot !== undefined && seq < fact.seq && known.some((member) => member.slot !== slot),
  );
  return {
    cells,
    sentence: `The group ${fact.group} (generation ${fact.generation}): ${list(told, 9)}.`,
    weight: several || (moved && known.some((m) => slots.has(m.slot ?? ''))) ? 45 : 0,
  };
}

/** `greetings.v1/0 /1 /2`: the topic once. */
function owned(partitions: readonly { topic: string; partition: number }[]): string {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  return [...byTopic]
    .map(([topic, all]) => topic + all.map(({ partition }) => `/${partition}`).join(' '))
    .join(', ');
}

/** Answers that belong to every join and every rebalance: errors in name only. */
function isRoutine({ error, operation }: Extract<Fact, { kind: 'operation' }>): boolean {
  if (error === 'MEMBER_ID_REQUIRED') return true;
  return error === 'REBALANCE_IN_PROGRESS' && !operation.endsWith('OffsetCommit');
}

/** Within a transaction; the one that commits is told with what it changed. */
function statementDraft(
  fact: Extract<Fact, { kind: 'operation' }>,
  reading: Reading,
  slots: ReadonlySet<string>,
): Draft | undefined {
  if (fact.step === 'arrived') return undefined;
  const failed = fact.error !== undefined;
  if (fact.step === 'answered' && !failed) return undefined;
  // An error is told when it is answered.
  if (fact.step === 'applied' && (failed || committed(fact, reading))) return undefined;
  const words = statementWords(fact);
  const text = {
    applied: words,
    waits: `${words} waits for a lock`,
    answered: `${words} → ${fact.error}`,
    lost: `${words} is lost`,
  }[fact.step];
  // An error counts as much as the delivery that brings it about once more.
  const weight = { applied: 40, waits: 55, answered: 62, lost: 25 }[fact.step];
  return {
    cells: [{ lane: `slot ${fact.slot}`, text }],
    sentence: `${fact.slot}: ${text}.`,
    weight: slots.has(fact.slot) ? weight : 0,
  };
}

function committed(fact: Extract<Fact, { kind: 'operation' }>, reading: Reading): boolean {
  const next = reading.facts.find(
    ({ kind, seq }) => seq > fact.seq && (kind === 'table' || kind === 'operation'),
  );
  return next !== undefined && isChange(next) && reading.statement(next)?.seq === fact.seq;
}

/** Who takes a transactional id fences whoever had it; that counts where it was somebody else. */
function toldDraft(
  fact: Extract<Fact, { kind: 'operation' }>,
  reading: Reading,
  slots: ReadonlySet<string>,
): Draft {
  const takes = fact.operation === 'InitProducerId';
  const former = reading.facts.findLast(
    (other) =>
      other.kind === 'operation' &&
      other.told !== undefined &&
      other.operation === fact.operation &&
      other.target === fact.target &&
      other.seq < fact.seq,
  );
  const from = former?.kind === 'operation' && former.slot !== fact.slot ? former.slot : undefined;
  const text = takes
    ? `takes the id ${fact.target}${from ? ` from ${from}` : ''}: ${fact.told}`
    : `asks what ${fact.target} committed: ${fact.told}`;
  const weight = !takes ? 15 : from === undefined ? 16 : 56;
  return {
    cells: [{ lane: `slot ${fact.slot}`, text }],
    sentence: `${fact.slot} ${text}.`,
    weight: slots.has(fact.slot) ? weight : 0,
  };
}

/** Requests show through their effects; on their own only where they failed or vanished. */
function operationDraft(
  fact: Extract<Fact, { kind: 'operation' }>,
  reading: Reading,
  slots: ReadonlySet<string>,
): Draft | undefined {
  const name = [fact.operation, fact.target].filter(Boolean).join(' ');
  const about = fact.cause.length > 0 ? ` (${list(fact.cause)})` : '';
  const struck = reading.struck.some(
    ({ point, fault }) =>
      // Who had to wait is answered later, by himself; who is chosen had waited before.
      (fault?.kind !== 'lock' || fact.step === 'waits') &&
      (fault?.kind !== 'lock-rows' || fact.step === 'arrived') &&
      fault?.kind !== 'victim' &&
      point?.slot === fact.slot &&
      point.operation === fact.operation &&
      point.target === fact.target &&
      point.ordinal === fact.ordinal &&
      point.cause.join() === fact.cause.join(),
  );
  if (struck) return undefined;
  if (errandOf(fact.operation) === 'statement') return statementDraft(fact, reading, slots);
  if (fact.told !== undefined && fact.error === undefined) return toldDraft(fact, reading, slots);
  const failed = fact.step === 'answered' && fact.error !== undefined;
  if (!failed && fact.step !== 'lost') return undefined;
  const text = failed ? `${name}${about} → ${fact.error}` : `${name}${about} is lost`;
  return {
    cells: [{ lane: `slot ${fact.slot}`, text }],
    sentence: `${fact.slot}: ${text}.`,
    weight: !slots.has(fact.slot) || isRoutine(fact) ? 0 : failed ? 48 : 25,
  };
}
