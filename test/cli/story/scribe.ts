/**
 * Writes histories by hand, fact after fact, in the order in which a world records them, so that a
 * story can be tested without running anything. Knows no chapter.
 */
import type { Ending, Fact, Unstamped } from '#check';
import type { Excerpt, Report, ReportFinding } from '#verify';
import type { Fault, Phase, Schedule } from '#schedule';

export interface Who {
  readonly slot: string;
  readonly incarnation?: number;
}

export class Scribe {
  readonly facts: Fact[] = [];
  atMs = 0;
  readonly #ordinals = new Map<string, number>();

  /** Moves the time; returns itself so that a line reads `at(14).…`. */
  at(ms: number): this {
    this.atMs = ms;
    return this;
  }

  add(fact: Unstamped): number {
    const seq = this.facts.length;
    this.facts.push({ seq, atMs: this.atMs, ...fact });
    return seq;
  }

  instance(
    slot: string,
    state: Extract<Fact, { kind: 'instance' }>['state'],
    incarnation = 1,
  ): number {
    return this.add({ kind: 'instance', slot, incarnation, state });
  }

  command(id: string, state: 'sent' | 'acked' | 'unknown', slot?: string, closing = false): number {
    return this.add({ kind: 'command', id, state, value: { id }, closing, ...(slot && { slot }) });
  }

  operation(
    { slot, incarnation = 1 }: Who,
    operation: string,
    target: string,
    cause: readonly string[],
    step: Extract<Fact, { kind: 'operation' }>['step'],
    error?: string,
  ): number {
    const key = [slot, operation, target, ...cause].join(' ');
    const ordinal = (this.#ordinals.get(key) ?? 0) + (step === 'arrived' ? 1 : 0);
    this.#ordinals.set(key, ordinal);
    return this.add({
      kind: 'operation',
      slot,
      incarnation,
      operation,
      target,
      cause,
      ordinal: Math.max(1, ordinal),
      step,
      ...(error && { error }),
    });
  }

  /** A record arrives and is appended; the answer is the caller's to write. */
  append(
    topic: string,
    partition: number,
    offset: number,
    command: string,
    who?: Who,
    name?: string,
  ): number {
    if (who) this.operation(who, 'Produce', topic, [command], 'arrived');
    const seq = this.add({
      kind: 'append',
      topic,
      partition,
      offset,
      key: null,
      value: JSON.stringify({ id: command }),
      command,
      ...(name && { name }),
      ...(who && { slot: who.slot }),
    });
    if (who) this.operation(who, 'Produce', topic, [command], 'applied');
    return seq;
  }

  deliver(
    { slot, incarnation = 1 }: Who,
    topic: string,
    partition: number,
    records: Record<string, number>,
  ): number {
    return this.add({
      kind: 'deliver',
      slot,
      incarnation,
      topic,
      partition,
      offsets: Object.values(records),
      commands: Object.keys(records),
    });
  }

  commit(
    { slot, incarnation = 1 }: Who,
    group: string,
    topic: string,
    partition: number,
    offset: number,
    cause: readonly string[],
  ): number {
    this.operation({ slot, incarnation }, 'OffsetCommit', group, cause, 'arrived');
    const seq = this.add({ kind: 'commit', group, topic, partition, offset, slot, incarnation });
    this.operation({ slot, incarnation }, 'OffsetCommit', group, cause, 'applied');
    return seq;
  }

  port(
    { slot, incarnation = 1 }: Who,
    name: string,
    command: string,
    arrives: 'arrived' | 'already arrived' = 'arrived',
    outcome: 'applied' | 'rejected' = 'applied',
  ): number {
    const who = { slot, incarnation };
    if (arrives === 'arrived') this.operation(who, name, '', [command], 'arrived');
    const seq = this.add({
      kind: 'port',
      name,
      args: [{ id: command }],
      outcome,
      slot,
      incarnation,
    });
    if (outcome === 'applied') this.operation(who, name, '', [command], 'applied');
    return seq;
  }

  /** A statement that is applied at once. */
  statement(who: Who, verb: string, table: string, cause: readonly string[]): number {
    this.operation(who, verb, table, cause, 'arrived');
    return this.operation(who, verb, table, cause, 'applied');
  }

  /** Rows of the tables that a commit changed; of nobody, the rows that were there before. */
  table(who: Who | undefined, tables: Extract<Fact, { kind: 'table' }>['tables']): number {
    const by = who && { slot: who.slot, incarnation: who.incarnation ?? 1 };
    return this.add({ kind: 'table', tables, ...by });
  }

  fault(index: number, lost?: 'request' | 'answer', line?: { file: string; line: number }): number {
    return this.add({
      kind: 'fault',
      index,
      fault: `fault ${index}`,
      ...(lost && { lost }),
      ...(line && { line }),
    });
  }

  assign(
    group: string,
    generation: number,
    topic: string,
    owners: Record<string, readonly number[]>,
  ): number {
    return this.add({
      kind: 'assign',
      group,
      generation,
      members: Object.entries(owners).map(([slot, partitions]) => ({
        slot,
        memberId: `${slot}-id`,
        partitions: partitions.map((partition) => ({ topic, partition })),
      })),
    });
  }

  says(slot: string, text: string): number {
    return this.add({ kind: 'console', slot, incarnation: 1, stream: 'out', text });
  }
}

export function faultAt(
  kind: Fault['kind'],
  slot: string,
  operation: string,
  target: string,
  cause: readonly string[],
  phase: Phase,
  options?: Fault['with'],
): Fault {
  const point = { slot, operation, target, cause, ordinal: 1 };
  return { kind, place: { point, phase }, ...(options && { with: options }) };
}

export function schedule(faults: readonly Fault[], chapter = '01-producer-consumer'): Schedule {
  return { format: 1, chapter, seed: 42, instances: {}, commands: [], faults, holds: [] };
}

export interface Plot {
  readonly scribe: Scribe;
  readonly faults: readonly Fault[];
  readonly property: string;
  readonly says: string;
  readonly sentence: string;
  readonly witnesses: readonly number[];
  readonly code?: readonly Excerpt[];
  readonly think?: string;
  readonly ending?: Ending;
  readonly calm?: readonly Fact[];
  readonly chapter?: string;
  readonly title?: string;
  readonly promise?: string;
}

export function finding(plot: Plot, id = 'k3'): ReportFinding {
  const chapter = plot.chapter ?? '01-producer-consumer';
  return {
    id,
    property: plot.property,
    says: plot.says,
    sentence: plot.sentence,
    witnesses: plot.witnesses,
    blame: 'service',
    schedule: schedule(plot.faults, chapter),
    faults: plot.faults.map((fault) => fault.kind),
    replay: `npx crash ${Number(chapter.slice(0, 2))} --replay ${id}`,
    minimal: true,
    shrinkRuns: 6,
    history: plot.scribe.facts,
    ending: plot.ending ?? { kind: 'rest' },
    traceHash: '0',
    code: plot.code ?? [],
    ...(plot.think && { think: plot.think }),
    ...(plot.calm && { calm: plot.calm }),
    confirmed: true,
  };
}

export function report(plot: Plot): Report {
  return {
    version: 1,
    chapter: plot.chapter ?? '01-producer-consumer',
    title: plot.title ?? 'Producer and consumer',
    promise:
      plot.promise ?? 'Every greeting that was acknowledged is recorded, whenever a process dies.',
    level: 2,
    verdict: 'broken',
    findings: [finding(plot)],
    held: ['no-invention', 'progress', 'idle-restart', 'calm-exact'],
    notes: [],
    world: 'simulated',
    notJudged: [],
    runs: 7,
    planned: 268,
    seconds: 0.61,
    seed: 42,
  };
}
