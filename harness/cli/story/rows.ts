/**
 * Facts to rows of the table: one row is one fact, told once for the lanes and once as a sentence. Rows carry a
 * weight, so that the table can show what the proof needs and fold the rest.
 */
import type { Fact } from '#check';
import { logName, type Commit, type Deliver, type Port, type Reading } from './reading.ts';
import { strikeRow } from './strikes.ts';
import { duration, list } from './words.ts';

export interface Cell {
  /** `slot greeter-0`, `log greetings.v1/0`, `port sink`; empty = the first lane there is. */
  readonly lane: string;
  readonly text: string;
}

export interface Row {
  readonly seqs: readonly number[];
  readonly atMs: number;
  readonly fault: boolean;
  /** Stands for a fact that proves the finding. */
  readonly broken: boolean;
  readonly cells: readonly Cell[];
  /** The same without a picture, without the time. */
  readonly sentence: string;
  readonly weight: number;
}

/** From this weight on a row is part of the proof; below it only `--full` shows it. */
const needed = 20;
const mostRows = 15;

interface Draft {
  readonly cells: readonly Cell[];
  readonly sentence: string;
  readonly weight: number;
}

export interface Focus {
  readonly commands: ReadonlySet<string>;
  readonly witnesses: ReadonlySet<number>;
}

/** Every row that there is to show, in order. */
export function rowsOf(reading: Reading, focus: Focus): Row[] {
  const told = new Set<number>();
  const strikes = new Map(
    reading.struck.map((struck) => [struck.fact.seq, strikeRow(struck, reading)]),
  );
  for (const { tells } of strikes.values()) for (const seq of tells) told.add(seq);
  const slots = busySlots(reading, focus);
  const rows = reading.facts.flatMap((fact): Row[] => {
    const strike = strikes.get(fact.seq);
    const draft = strike
      ? { cells: strike.cells, sentence: strike.sentence, weight: 100 }
      : told.has(fact.seq)
        ? undefined
        : draftOf(fact, reading, slots);
    if (!draft) return [];
    const seqs = strike?.tells ?? [fact.seq];
    const broken = seqs.some((seq) => focus.witnesses.has(seq));
    const about = reading.commandsOf(fact).some((command) => focus.commands.has(command));
    const counts = about || reading.commandsOf(fact).length === 0;
    const weight = broken ? 90 : counts ? draft.weight : Math.min(draft.weight, 5);
    const awake = fact.kind === 'instance' && fact.state === 'thawed';
    return [{ ...draft, seqs, atMs: fact.atMs, fault: !!strike || awake, broken, weight }];
  });
  return markMissing(rows, reading, focus);
}

/** Instances that handled the commands in question or were struck: only their comings and goings matter. */
function busySlots(reading: Reading, { commands }: Focus): ReadonlySet<string> {
  const slots = new Set(reading.struck.flatMap((struck) => struck.slot ?? []));
  for (const fact of reading.facts) {
    if (!('slot' in fact) || fact.slot === undefined) continue;
    if (reading.commandsOf(fact).some((command) => commands.has(command))) slots.add(fact.slot);
  }
  return slots;
}

/** A witness without a row of its own marks the last row about the same command before it. */
function markMissing(rows: readonly Row[], reading: Reading, focus: Focus): Row[] {
  const shown = new Set(rows.flatMap((row) => row.seqs));
  const bySeq = new Map(reading.facts.map((fact) => [fact.seq, fact]));
  const stand = new Set<Row>();
  for (const witness of focus.witnesses) {
    const fact = bySeq.get(witness);
    if (!fact || shown.has(witness)) continue;
    const about = reading.commandsOf(fact);
    const near = rows.findLast((row) =>
      row.seqs.some((seq) => {
        const other = bySeq.get(seq);
        return (
          other &&
          seq <= witness + 3 &&
          reading.commandsOf(other).some((command) => about.includes(command))
        );
      }),
    );
    if (near) stand.add(near);
  }
  return rows.map((row) => (stand.has(row) ? { ...row, broken: true, weight: 90 } : row));
}

/** The rows that the proof needs, at most fifteen, nearest to what struck and what broke. */
export function neededRows(rows: readonly Row[]): Row[] {
  const anchors = rows.filter((row) => row.fault || row.broken).flatMap((row) => row.seqs);
  const ends = rows.filter((row) => row.weight >= needed);
  const near = anchors.length > 0 ? anchors : [...(ends[0]?.seqs ?? []), ...(ends.at(-1)?.seqs ?? [])];
  const distance = (row: Row): number =>
    Math.min(...near.map((anchor) => Math.abs(anchor - (row.seqs[0] ?? 0))));
  const chosen = new Set(
    ends
      .toSorted((a, b) => b.weight - a.weight || distance(a) - distance(b))
      .slice(0, mostRows),
  );
  return rows.filter((row) => chosen.has(row));
}

function draftOf(fact: Fact, reading: Reading, slots: ReadonlySet<string>): Draft | undefined {
  switch (fact.kind) {
    case 'append':
      return appendDraft(fact, reading);
    case 'deliver':
      return deliverDraft(fact, reading);
    case 'commit':
      return commitDraft(fact, reading);
    case 'port':
      return portDraft(fact, reading);
    case 'command':
      return commandDraft(fact);
    case 'instance':
      return instanceDraft(fact, reading, slots);
    case 'assign':
      return assignDraft(fact, reading, slots);
    case 'operation':
      return operationDraft(fact, reading, slots);
    case 'client':
      return {
        cells: [{ lane: `slot ${fact.slot}`, text: clientText(fact) }],
        sentence: `${fact.slot}: ${clientText(fact)}.`,
        weight: slots.has(fact.slot) ? 50 : 0,
      };
    default:
      return undefined;
  }
}

function clientText({ event, detail }: Extract<Fact, { kind: 'client' }>): string {
  const what = /crash/i.test(event) ? 'its consumer gives up' : `its client says ${event}`;
  return detail ? `${what}: ${detail}` : what;
}

function appendDraft(fact: Extract<Fact, { kind: 'append' }>, reading: Reading): Draft {
  const again = reading.again.has(fact.seq) ? ' again' : '';
  const name = fact.command ?? 'a record';
  const place = `${logName(fact)} at offset ${fact.offset}`;
  return {
    cells: [
      ...(fact.slot ? [{ lane: `slot ${fact.slot}`, text: `sends ${name}${again}` }] : []),
      { lane: `log ${logName(fact)}`, text: `${fact.offset} ${name}${again}` },
    ],
    sentence: fact.slot
      ? `${fact.slot} sends ${name}${again}: ${place}.`
      : `${name} stands in ${place}${again}.`,
    weight: 60,
  };
}

function deliverDraft(fact: Deliver, reading: Reading): Draft {
  const again = reading.again.has(fact.seq);
  const what = fact.commands.length > 0 ? list(fact.commands) : `${fact.offsets.length} records`;
  const committed = reading.committedBefore(fact.seq, fact.topic, fact.partition);
  const mark = committed && committed.offset >= 0 ? String(committed.offset) : 'none';
  return {
    cells: [
      { lane: `slot ${fact.slot}`, text: `← ${what}${again ? ' again' : ''}` },
      ...(again ? [{ lane: `log ${logName(fact)}`, text: `committed: ${mark}` }] : []),
    ],
    sentence:
      `${fact.slot} receives ${what}${again ? ' again' : ''} from ${logName(fact)}` +
      ` (offset ${list(fact.offsets.map(String))})${again ? `; committed: ${mark}` : ''}.`,
    weight: again ? 62 : 58,
  };
}

function commitDraft(fact: Commit, reading: Reading): Draft {
  const former = reading.committedBefore(fact.seq, fact.topic, fact.partition);
  const same = former?.offset === fact.offset;
  return {
    cells: [
      ...(fact.slot ? [{ lane: `slot ${fact.slot}`, text: `commits ${fact.offset}` }] : []),
      { lane: `log ${logName(fact)}`, text: `committed: ${fact.offset}` },
    ],
    sentence:
      `${fact.slot ?? 'Somebody else'} commits offset ${fact.offset} of ${logName(fact)}` +
      ` for the group ${fact.group}.`,
    weight: same ? 10 : 60,
  };
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
      { lane: `port ${port}`, text: result.trim() },
    ],
    sentence: rejected
      ? `${fact.slot} calls ${fact.name} ${what}, and ${port} rejects it.`
      : `${fact.slot} calls ${fact.name} ${what}, and it takes effect${again}.`,
    weight: rejected ? 20 : 60,
  };
}

function brief(args: readonly unknown[]): string {
  const text = JSON.stringify(args.length === 1 ? args[0] : args) ?? '';
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

function commandDraft(fact: Extract<Fact, { kind: 'command' }>): Draft | undefined {
  if (!fact.slot || fact.state === 'sent') return undefined;
  const text =
    fact.state === 'acked'
      ? `${fact.id} is acknowledged`
      : `${fact.id} stays unanswered${fact.reason ? `: ${fact.reason}` : ''}`;
  return {
    cells: [{ lane: `slot ${fact.slot}`, text }],
    sentence: `${fact.slot}: ${text}.`,
    weight: fact.closing ? 5 : 30,
  };
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
  }));
  const told = known.map(({ slot, partitions }) =>
    partitions.length > 0 ? `${slot} owns ${owned(partitions)}` : `${slot} owns nothing`,
  );
  const several = new Set([...slots].filter((slot) => known.some((m) => m.slot === slot))).size > 1;
  const moved = reading.struck.some(
    (struck) => struck.fact.seq < fact.seq && known.some((m) => m.slot !== struck.slot),
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

/** Requests show through their effects; on their own only where they failed or vanished. */
function operationDraft(
  fact: Extract<Fact, { kind: 'operation' }>,
  reading: Reading,
  slots: ReadonlySet<string>,
): Draft | undefined {
  const name = [fact.operation, fact.target].filter(Boolean).join(' ');
  const about = fact.cause.length > 0 ? ` (${list(fact.cause)})` : '';
  const struck = reading.struck.some(
    ({ point }) =>
      point?.slot === fact.slot &&
      point.operation === fact.operation &&
      point.target === fact.target &&
      point.ordinal === fact.ordinal &&
      point.cause.join() === fact.cause.join(),
  );
  if (struck) return undefined;
  const failed = fact.step === 'answered' && fact.error !== undefined;
  if (!failed && fact.step !== 'lost') return undefined;
  const text = failed ? `${name}${about} → ${fact.error}` : `${name}${about} is lost`;
  return {
    cells: [{ lane: `slot ${fact.slot}`, text }],
    sentence: `${fact.slot}: ${text}.`,
    weight: slots.has(fact.slot) ? (failed ? 48 : 25) : 0,
  };
}
