/**
 * Errors that no fault brought about: what the database, an outside system or Kafka answered by
 * itself. Errors in name only, which belong to every join and every rebalance, are left out, and so
 * is what merely follows from an error before it.
 */
import type { Fault } from '#schedule';
import type { Fact, FaultFact, OperationFact } from './facts.ts';

type Stamped<F> = F & { readonly seq: number; readonly atMs: number };

export interface Refusal {
  /** The first answer with this error; where it is lasting, since it came each time. */
  readonly first: Stamped<OperationFact>;
  /** Asked again and again, and since then never answered otherwise. */
  readonly lasting: boolean;
}

const leastTimes = 3;
/** `25P02`: the transaction is aborted already, by the error before. */
const aborted = '25P02';
const groupErrors: ReadonlySet<string> = new Set([
  'MEMBER_ID_REQUIRED',
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
  'CONCURRENT_TRANSACTIONS',
]);

/** Each kind of error of each operation once, in the order in which they came first. */
export function refusals(facts: readonly Fact[], faults: readonly Fault[]): readonly Refusal[] {
  const struck = facts.filter((fact) => fact.kind === 'fault');
  const found = new Map<string, Seen>();
  const failing = new Set<string>();
  for (const fact of facts) {
    if (fact.kind !== 'operation' || fact.step !== 'answered') continue;
    const about = identityOf(fact);
    if (fact.error === undefined) {
      forget(found, about);
      continue;
    }
    const code = codeOf(fact);
    const isOwn = !isRoutine(fact) && !struck.some((fault) => brings(fault, faults, fact));
    const follows = code === aborted && failing.has(fact.slot);
    failing.add(fact.slot);
    if (!isOwn || follows) continue;
    const key = `${about} ${code}`;
    const seen = found.get(key) ?? { about, first: fact, since: fact, times: 0 };
    const since = seen.times === 0 ? fact : seen.since;
    found.set(key, { ...seen, since, times: seen.times + 1 });
  }
  return [...found.values()].map(({ first, since, times }) => {
    const lasting = times >= leastTimes;
    return { first: lasting ? since : first, lasting };
  });
}

interface Seen {
  readonly about: string;
  readonly first: Stamped<OperationFact>;
  /** Since it was last answered otherwise, and how often since then. */
  readonly since: Stamped<OperationFact>;
  readonly times: number;
}

/** The one that keeps things from going on: about the commands in question, before any other. */
export function lastingRefusal(
  all: readonly Refusal[],
  isAsked: (command: string) => boolean,
  { others }: { readonly others: boolean },
): Refusal | undefined {
  const lasting = all.filter((refusal) => refusal.lasting);
  return (
    lasting.find(({ first }) => first.cause.some(isAsked)) ?? (others ? lasting[0] : undefined)
  );
}

/** SQLSTATE where there is one; else all the words. */
function codeOf({ error = '' }: OperationFact): string {
  return /^[0-9A-Z]{5}(?= |$)/.exec(error)?.[0] ?? error;
}

function identityOf({ slot, operation, target, cause }: OperationFact): string {
  return [slot.replace(/-\d+$/, ''), operation, target, ...cause].join(' ');
}

/** It was done after all: no error before that was for good. */
function forget(found: Map<string, Seen>, about: string): void {
  for (const [key, seen] of found) if (seen.about === about) found.set(key, { ...seen, times: 0 });
}

function isRoutine({ error = '' }: OperationFact): boolean {
  return groupErrors.has(error);
}

/** A fault answers by itself, or for a while everything that meets it. */
function brings(
  { index, seq, atMs }: Stamped<FaultFact>,
  faults: readonly Fault[],
  answer: Stamped<OperationFact>,
): boolean {
  if (answer.seq < seq) return false;
  const { kind, place, with: options } = faults[index] ?? {};
  const point = typeof place === 'object' && 'point' in place ? place.point : undefined;
  const isStruck =
    point?.slot === answer.slot &&
    point.ordinal === answer.ordinal &&
    point.operation === answer.operation &&
    point.target === answer.target &&
    point.cause.join() === answer.cause.join();
  if (isStruck) return true;
  const code = codeOf(answer);
  const lasts = answer.atMs <= atMs + (options?.ms ?? 0) + graceMs;
  switch (kind) {
    case 'outage':
      return lasts && (code === 'REJECTED' || code.startsWith('57'));
    case 'lock':
    case 'lock-rows':
      return lasts && lockErrors.has(code);
    case 'victim':
      return code === '40P01';
    default:
      return false;
  }
}

/** An answer may be on its way for so long when a fault is over. */
const graceMs = 1_000;
const lockErrors: ReadonlySet<string> = new Set(['55P03', '57014', '40P01']);
