/**
 * Hard moments, counted from facts: a check in which they never happened proves nothing. What a
 * moment is worth is not judged here. Counts are per run, to be summed.
 */
import type { ChapterDefinition, Effect, FaultKind, Level } from '#kit';
import { databaseMoments } from './database-moments.ts';
import type { Fact } from './facts.ts';
import { fold } from './fold.ts';
import { succeeded } from './lost-commit.ts';
import { operations } from './operations.ts';

export interface HardMoment {
  /** In the plural, as a certificate lists it: `lost commits`. */
  readonly name: string;
  readonly says: string;
  /**
   * The level from which a check must have seen some; left out = it is the service's own affair.
   */
  readonly level?: Level;
  /**
   * Faults that can bring it about; where a chapter leaves all of them out, it is not expected.
   */
  readonly by: readonly FaultKind[];
  /** Only expected of chapters that have these. */
  readonly needs?: 'tables';
  /** Expected only where the chapter asks for it: its `sometimes`. */
  readonly onDemand?: true;
  readonly count: (facts: readonly Fact[], effects: readonly Effect[]) => number;
}

export const hardMoments: readonly HardMoment[] = [
  {
    name: 'redeliveries',
    says: 'records that reached a role once more',
    level: 1,
    by: ['crash', 'redeliver', 'restart'],
    count: (facts) => redeliveries(facts),
  },
  {
    name: 'duplicates',
    says: 'effects that a command had once more',
    by: [],
    count: (_facts, effects) => effects.length - new Set(effects.map(({ id }) => id)).size,
  },
  {
    name: 'zombies',
    says: 'deeds of processes that were no longer members',
    level: 2,
    by: ['freeze', 'cut'],
    count: (facts) => zombies(facts),
  },
  {
    name: 'overtaken zombies',
    says: 'processes that came back when another one had taken on what they held',
    level: 2,
    by: ['freeze', 'cut'],
    onDemand: true,
    count: (facts) => overtaken(facts),
  },
  {
    name: 'open transactions',
    says: 'deaths of a process in the middle of a transaction',
    level: 1,
    by: ['crash'],
    onDemand: true,
    count: (facts) => leftOpen(facts),
  },
  {
    name: 'lost commits',
    says: 'commits that were sent and never applied',
    level: 1,
    by: ['crash', 'lose-request', 'error'],
    count: (facts) =>
      ['OffsetCommit', 'TxnOffsetCommit']
        .flatMap((api) => operations(facts, api))
        .filter((steps) => !succeeded(steps)).length,
  },
  {
    name: 'lost answers',
    says: 'things that happened without the caller ever hearing of it',
    level: 1,
    by: ['crash', 'lose-response'],
    count: (facts) => lostAnswers(facts),
  },
  {
    name: 'rebalances',
    says: 'generations of a group after its first',
    level: 1,
    by: ['crash', 'stop', 'restart', 'join', 'rebalance'],
    count: (facts) => rebalances(facts),
  },
  {
    name: 'crash windows',
    says: 'deaths of a consumer after an effect and before its commit',
    level: 1,
    by: ['crash'],
    count: (facts) => crashWindows(facts),
  },
  {
    name: 'restarts',
    says: 'processes that were started again',
    level: 1,
    by: ['crash', 'stop', 'restart'],
    count: (facts) => restarts(facts),
  },
  {
    name: 'rejected calls',
    says: 'calls that an outside system rejected',
    level: 1,
    by: ['reject'],
    count: (facts) =>
      facts.filter((fact) => fact.kind === 'port' && fact.outcome === 'rejected').length,
  },
  ...databaseMoments,
];

/** Every hard moment by name, for one run. */
export function countHardMoments(
  facts: readonly Fact[],
  chapter: ChapterDefinition,
): Readonly<Record<string, number>> {
  const { effects } = fold(facts, chapter).moment;
  return Object.fromEntries(hardMoments.map(({ name, count }) => [name, count(facts, effects)]));
}

/** Names of the hard moments that a check of this chapter at this level must have seen. */
export function expectedHardMoments(chapter: ChapterDefinition, level: Level): readonly string[] {
  const allowed = (kind: FaultKind): boolean => {
    if (chapter.without?.includes(kind) === true) return false;
    const hasPorts = Object.keys(chapter.ports ?? {}).length > 0;
    if (kind === 'outage') return hasPorts || chapter.tables !== undefined;
    return kind !== 'reject' || hasPorts;
  };
  return hardMoments
    .filter((moment) => moment.level !== undefined && moment.level <= level)
    .filter(({ by, needs }) => (needs === undefined || chapter.tables) && by.some(allowed))
    .filter(({ name, onDemand }) => onDemand !== true || chapter.sometimes?.includes(name) === true)
    .map(({ name }) => name);
}

function redeliveries(facts: readonly Fact[]): number {
  // A Fetch does not name its group; the slots of one role share one.
  const seen = new Set<string>();
  let count = 0;
  for (const fact of facts) {
    if (fact.kind !== 'deliver') continue;
    const role = fact.slot.replace(/-\d+$/, '');
    for (const offset of fact.offsets) {
      const key = `${role} ${fact.topic}/${fact.partition} ${offset}`;
      if (seen.has(key)) count += 1;
      seen.add(key);
    }
  }
  return count;
}

const noLongerMember: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'FENCED_INSTANCE_ID',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
]);

/**
 * Refused because a newer member or generation took over, or an effect of a process that is in
 * none of its groups.
 */
function zombies(facts: readonly Fact[]): number {
  const incarnations = new Map<string, number>();
  const joined = new Map<string, Set<string>>();
  const members = new Map<string, Set<string | undefined>>();
  const away = new Set<string>();
  let count = 0;
  for (const fact of facts) {
    if (fact.kind === 'assign') {
      members.set(fact.group, new Set(fact.members.map(({ slot }) => slot)));
      for (const { slot } of fact.members) {
        if (slot !== undefined) joined.set(slot, (joined.get(slot) ?? new Set()).add(fact.group));
      }
    } else if (fact.kind === 'instance') {
      const { slot, state } = fact;
      if (state === 'frozen' || state === 'cut') away.add(slot);
      if (state !== 'starts') continue;
      incarnations.set(slot, fact.incarnation);
      joined.delete(slot);
      away.delete(slot);
    } else if (fact.kind === 'operation') {
      const { error, slot, step } = fact;
      if (error === undefined || step !== 'answered') continue;
      const late = error === 'REBALANCE_IN_PROGRESS' && away.has(slot);
      if (late || noLongerMember.has(error)) count += 1;
    } else {
      const deed = deedOf(fact);
      if (deed === undefined) continue;
      const groups = [...(joined.get(deed.slot) ?? [])];
      const outside =
        groups.length > 0 && groups.every((group) => members.get(group)?.has(deed.slot) !== true);
      if (outside || deed.incarnation < (incarnations.get(deed.slot) ?? 0)) count += 1;
    }
  }
  return count;
}

/** What a process did to the outside: a call that took effect, a change of the tables. */
function deedOf(fact: Fact): { readonly slot: string; readonly incarnation: number } | undefined {
  if (fact.kind === 'port' && fact.outcome === 'applied') return fact;
  if (fact.kind !== 'table' || fact.slot === undefined) return undefined;
  return { slot: fact.slot, incarnation: fact.incarnation ?? 0 };
}

/** Something became of a record elsewhere while the one who had it was away. */
function overtaken(facts: readonly Fact[]): number {
  const holds = new Map<string, Set<string>>();
  const away = new Map<string, boolean>();
  let count = 0;
  for (const fact of facts) {
    if (fact.kind === 'deliver') {
      const held = holds.get(fact.slot) ?? new Set();
      for (const command of fact.commands) held.add(command);
      holds.set(fact.slot, held);
    } else if (fact.kind === 'instance') {
      const { slot, state } = fact;
      if (state === 'frozen' || state === 'cut') away.set(slot, false);
      else if ((state === 'thawed' || state === 'healed') && away.get(slot) === true) count += 1;
      if (state !== 'frozen' && state !== 'cut') away.delete(slot);
      if (state === 'starts') holds.delete(slot);
    } else if (fact.kind === 'operation' && fact.step === 'applied' && fact.error === undefined) {
      for (const slot of away.keys()) {
        const theirs = fact.slot !== slot && fact.operation !== 'Fetch';
        if (theirs && fact.cause.some((id) => holds.get(slot)?.has(id))) away.set(slot, true);
      }
    }
  }
  return count;
}

function leftOpen(facts: readonly Fact[]): number {
  const open = new Map<string, string | undefined>();
  let count = 0;
  for (const fact of facts) {
    if (fact.kind === 'transaction') {
      if (fact.state === 'Ongoing') open.set(fact.transactionalId, fact.slot);
      else open.delete(fact.transactionalId);
    } else if (fact.kind === 'instance' && (fact.state === 'dies' || fact.state === 'exits')) {
      count += [...open.values()].filter((slot) => slot === fact.slot).length;
    }
  }
  return count;
}

function lostAnswers(facts: readonly Fact[]): number {
  const lost = facts.some((fact) => fact.kind === 'operation' && fact.step === 'lost')
    ? operations(facts).filter(
        (steps) => succeeded(steps) && steps.some(({ step }) => step === 'lost'),
      )
    : [];
  // A fault may have said so where the world recorded no step for it.
  const said = facts.filter((fact) => fact.kind === 'fault' && fact.lost === 'answer');
  return Math.max(lost.length, said.length);
}

function rebalances(facts: readonly Fact[]): number {
  const generations = new Set<string>();
  const groups = new Set<string>();
  for (const fact of facts) {
    if (fact.kind !== 'assign') continue;
    groups.add(fact.group);
    generations.add(`${fact.group} ${fact.generation}`);
  }
  return generations.size - groups.size;
}

function crashWindows(facts: readonly Fact[]): number {
  const reading = new Set<string>();
  const uncommitted = new Set<string>();
  let count = 0;
  for (const fact of facts) {
    if (fact.kind === 'deliver') reading.add(fact.slot);
    else if (fact.kind === 'commit' && fact.slot !== undefined) uncommitted.delete(fact.slot);
    else if (fact.kind === 'append' && fact.slot !== undefined) {
      if (reading.has(fact.slot)) uncommitted.add(fact.slot);
    } else if (fact.kind === 'instance') {
      const { slot, state } = fact;
      if ((state === 'dies' || state === 'exits') && uncommitted.has(slot)) count += 1;
      if (!['dies', 'exits', 'starts'].includes(state)) continue;
      reading.delete(slot);
      uncommitted.delete(slot);
    } else {
      const deed = deedOf(fact);
      if (deed !== undefined && reading.has(deed.slot)) uncommitted.add(deed.slot);
    }
  }
  return count;
}

function restarts(facts: readonly Fact[]): number {
  const started = facts.filter((fact) => fact.kind === 'instance' && fact.state === 'starts');
  return started.length - new Set(started.map((fact) => 'slot' in fact && fact.slot)).size;
}
