/**
 * Facts to rows of the table: one row is one fact, told once for the lanes and once as a sentence.
 * Rows carry a weight, so that the table can show what the proof needs and fold the rest.
 */
import type { Fact, Refusal } from '#check';
import { draftOf } from './drafts.ts';
import type { Reading } from './reading.ts';
import { strikeRow } from './strikes.ts';

export interface Cell {
  /** `slot greeter-0`, `log greetings.v1/0`, `port sink`; empty = the first lane there is. */
  readonly lane: string;
  readonly text: string;
  /** Not worth a lane of its own: shown only where the lane is there anyway. */
  readonly minor?: boolean;
  /** In a port's lane: which of its calls. */
  readonly call?: string;
}

export interface Row {
  readonly seqs: readonly number[];
  readonly atMs: number;
  readonly fault: boolean;
  /** Stands for a fact that proves the finding: the one that breaks it, or one on the way there. */
  readonly proof?: Proof;
  readonly cells: readonly Cell[];
  /** The same without a picture, without the time. */
  readonly sentence: string;
  readonly weight: number;
}

export type Proof = 'breaks' | 'part';

export interface Focus {
  readonly commands: ReadonlySet<string>;
  readonly witnesses: ReadonlySet<number>;
  /** Facts that the sentences above the table rely on: their rows are never folded. */
  readonly named: ReadonlySet<number>;
  /** Errors about the commands that no fault brought about. */
  readonly errors: readonly Refusal[];
  /** Why nothing went on, also where it is about another command. */
  readonly lasting?: Refusal;
  /** One after all that struck and before what broke, where that is no repeat: what led to it. */
  readonly last?: Refusal;
}

/** From this weight on a row stays, whatever else there is to show. */
export const keptWeight = 80;
/** An error that no fault brought about counts more than what it was answered to. */
export const refusedWeight = 92;

/** Every row that there is to show, in order. */
export function rowsOf(reading: Reading, focus: Focus): Row[] {
  const told = new Set<number>();
  const strikes = new Map(
    reading.struck.map((struck) => [struck.fact.seq, strikeRow(struck, reading)]),
  );
  for (const { tells } of strikes.values()) for (const seq of tells) told.add(seq);
  const slots = busySlots(reading, focus);
  const end = endOfProof(reading, focus);
  const skipped = nextAfterLoss(reading, focus);
  const refused = refusedBefore(end, focus);
  const rows = reading.facts.flatMap((fact): Row[] => {
    const strike = strikes.get(fact.seq);
    const draft = strike
      ? { cells: strike.cells, sentence: strike.sentence, weight: 100 }
      : told.has(fact.seq)
        ? undefined
        : draftOf(fact, reading, slots);
    if (!draft) return [];
    const seqs = strike?.tells ?? [fact.seq];
    const proof = proofOf(seqs, reading, focus);
    const about = reading.commandsOf(fact).some((command) => focus.commands.has(command));
    const counts = about || isCommon(fact, reading, focus);
    const needless = fact.seq > end && !strike;
    const weight = refused.has(fact.seq)
      ? refusedWeight
      : proof
        ? 90
        : seqs.some((seq) => focus.named.has(seq))
          ? keptWeight
          : fact.seq === skipped && !needless
            ? 50
            : needless || !counts
              ? Math.min(draft.weight, 5)
              : comesAgain(fact, focus)
                ? Math.min(draft.weight, 15)
                : draft.weight;
    const awake = fact.kind === 'instance' && fact.state === 'thawed';
    const row = { ...draft, seqs, atMs: fact.atMs, fault: !!strike || awake, weight };
    return [proof ? { ...row, proof } : row];
  });
  return markMissing(rows, reading, focus);
}

/** The first of each; one that keeps things from going on counts however late it came. */
function refusedBefore(end: number, { errors, lasting }: Focus): ReadonlySet<number> {
  const early = errors.map(({ first }) => first.seq).filter((seq) => seq <= end);
  return new Set([...early.slice(0, mostRefused), ...(lasting ? [lasting.first.seq] : [])]);
}

const mostRefused = 3;

/** The sentence of cause says "each time". */
function comesAgain(fact: Fact, { lasting }: Focus): boolean {
  const first = lasting?.first;
  return (
    first !== undefined &&
    fact.kind === 'operation' &&
    fact.error === first.error &&
    fact.operation === first.operation &&
    fact.target === first.target &&
    fact.seq > first.seq
  );
}

/**
 * Only the last witness can have broken anything, and a record that arrived or a promise that was
 * made breaks nothing: what did not follow does, and that has no row.
 */
function proofOf(
  seqs: readonly number[],
  reading: Reading,
  { witnesses }: Focus,
): Proof | undefined {
  if (!seqs.some((seq) => witnesses.has(seq))) return undefined;
  const last = Math.max(...witnesses);
  const act = reading.facts.find(({ seq }) => seq === last);
  return seqs.includes(last) && act && !isPromise(act, reading) ? 'breaks' : 'part';
}

function isPromise(fact: Fact, reading: Reading): boolean {
  if (fact.kind === 'append') {
    if (fact.command === undefined) return false;
    // What the harness writes once more is somebody else's doing.
    return fact.slot === undefined || reading.input(fact.command)?.seq === fact.seq;
  }
  if (fact.kind !== 'command') return false;
  const input = reading.input(fact.id);
  return input !== undefined && input.seq < fact.seq;
}

/** About no command, and so perhaps about all; a commit only where one of theirs lies. */
function isCommon(fact: Fact, reading: Reading, { commands }: Focus): boolean {
  if (reading.commandsOf(fact).length > 0) return false;
  if (fact.kind !== 'commit') return true;
  return [...commands].some((command) => {
    const input = reading.input(command);
    return input?.topic === fact.topic && input.partition === fact.partition;
  });
}

/**
 * Where all that broke is told; later facts prove nothing more. A fault after the last witness
 * still counts.
 */
function endOfProof(reading: Reading, { witnesses }: Focus): number {
  const last = Math.max(-1, ...witnesses);
  const act = reading.facts.find(({ seq }) => seq === last);
  // What only arrived, or was only promised, is broken by what did not follow.
  const isFirst = act?.kind === 'append' && (act.slot === undefined || !reading.again.has(last));
  // One of several kinds of records is an act, also where it is the first of its name.
  const arrived = isFirst && (act.name === undefined || isPromise(act, reading));
  if (act?.kind === 'command' || arrived) return Number.MAX_SAFE_INTEGER;
  const struck = Math.max(-1, ...reading.struck.map(({ fact }) => fact.seq));
  return last > struck ? last : Number.MAX_SAFE_INTEGER;
}

/**
 * A command that nothing was done with: the next delivery from its partition shows that it was
 * passed over.
 */
function nextAfterLoss(reading: Reading, { commands }: Focus): number | undefined {
  const struck = Math.max(-1, ...reading.struck.map(({ fact }) => fact.seq));
  for (const command of commands) {
    const input = reading.input(command);
    if (!input || reading.done(command).length > 0) continue;
    const next = reading.facts.find(
      (fact) =>
        fact.kind === 'deliver' &&
        fact.seq > Math.max(struck, input.seq) &&
        fact.topic === input.topic &&
        fact.partition === input.partition &&
        fact.offsets.every((offset) => offset > input.offset),
    );
    if (next) return next.seq;
  }
  return undefined;
}

/**
 * Instances that handled the commands in question or were struck: only their comings and goings
 * matter.
 */
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
  const stand = new Map<Row, Proof | undefined>();
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
    if (near && stand.get(near) !== 'breaks') stand.set(near, proofOf([witness], reading, focus));
  }
  return rows.map((row) => {
    const proof = row.proof === 'breaks' ? row.proof : stand.get(row);
    return proof ? { ...row, proof, weight: Math.max(90, row.weight) } : row;
  });
}
