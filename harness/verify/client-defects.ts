/**
 * What kafkajs 2.2.4 is known to do wrong, as far as a right service can lose by it. Each defect has
 * a sign in the history, and a kinder world in which it does no harm: a finding that stays there has
 * another cause. Both are pure; runs are made elsewhere.
 *
 * Left out: what a service can know and work around in one place (retries that end, order of
 * concurrent sends). Sources: kafkajs 2.2.4, producer/eosManager, producer/sendMessages,
 * consumer/filterAbortedMessages, consumer/offsetManager; its issues 430, 598, 1275.
 */
import type { AppendFact, Fact, MarkerFact, OperationFact } from '#check';
import type { Fault, Schedule } from '#schedule';

export interface ClientDefect {
  readonly name: string;
  /** What the client does, as a clause with the client as its subject. */
  readonly says: string;
  /** Whether it shows in this run. */
  readonly fired: (facts: readonly Fact[]) => boolean;
  /** The same run, kinder. */
  readonly kinder: (schedule: Schedule) => {
    readonly schedule: Schedule;
    /** Committed readers are handed no aborted records at all. */
    readonly hidesAborted?: true;
  };
}

type Step = Fact & OperationFact;

/** A coordinator that could not answer, and would have a moment later. */
const passing: ReadonlySet<string> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
]);

const notRepeated: ReadonlySet<string> = new Set(['AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn']);

export const clientDefects: readonly ClientDefect[] = [
  {
    name: 'not-repeated',
    says: 'does not repeat AddOffsetsToTxn, TxnOffsetCommit and EndTxn when they get no answer',
    fired: (facts) => unrepeated(facts).length > 0,
    kinder: (schedule) => late(schedule, notRepeated),
  },
  {
    name: 'sequence-used-again',
    says: 'counts its sequence numbers back after a failed send, so that the next one is dropped',
    fired: (facts) => swallowed(facts).length > 0,
    kinder: (schedule) => late(schedule, new Set(['Produce'])),
  },
  {
    name: 'aborted-records-leak',
    says: 'hands out aborted records where several aborted transactions overlap',
    fired: leaks,
    kinder: (schedule) => ({ schedule, hidesAborted: true }),
  },
  {
    name: 'offsets-shared',
    says: 'shares the offsets of all consumers of a group that are made from one Kafka object',
    fired: (facts) => facts.some(diedOfSharedOffsets),
    kinder: ({ faults, holds, ...schedule }) => ({
      schedule: {
        ...schedule,
        faults: faults.filter((fault) => fault.kind !== 'delay' || !strikes(fault, joining)),
        holds: holds.filter(({ what }) => !joining.has(what.point.operation)),
      },
    }),
  },
];

const joining: ReadonlySet<string> = new Set(['SyncGroup', 'JoinGroup']);

/** Kinds after which the client heard an error, or nothing, although it might have waited. */
const unkind: ReadonlySet<Fault['kind']> = new Set([
  'error',
  'lose-request',
  'lose-response',
  'silence',
]);

const lateMs = 1_500;

/**
 * The far side only took its time: what was an error or a loss there becomes a late answer. Who was
 * cut off is cut off still, for the service has to bear that, but not before the answer is there.
 */
function late({ faults, ...schedule }: Schedule, operations: ReadonlySet<string>) {
  const kinder = faults.map((fault): Fault => {
    if (!strikes(fault, operations)) return fault;
    if (fault.kind === 'cut') return cutLater(fault);
    if (!unkind.has(fault.kind)) return fault;
    return { kind: 'delay', place: fault.place, with: { ms: lateMs } };
  });
  return { schedule: { ...schedule, faults: kinder } };
}

function cutLater(fault: Fault): Fault {
  const { place, on } = fault;
  if (typeof place !== 'object' || !('point' in place)) return fault;
  if (on !== undefined && on !== place.point.slot) return fault;
  return { ...fault, place: { ...place, phase: 'after answer' } };
}

function strikes({ place }: Fault, operations: ReadonlySet<string>): boolean {
  return typeof place === 'object' && 'point' in place && operations.has(place.point.operation);
}

/** Requests that a client should have sent again, and that this incarnation never did. */
function unrepeated(facts: readonly Fact[]): readonly Step[] {
  const steps = facts.filter((fact): fact is Step => fact.kind === 'operation');
  return steps.filter((end) => {
    if (!notRepeated.has(end.operation)) return false;
    const wasLost = end.step === 'lost' || isUnanswered(end, facts);
    const wasPutOff = end.step === 'answered' && passing.has(end.error ?? '');
    if (!wasLost && !wasPutOff) return false;
    return !steps.some(
      (again) => again.seq > end.seq && again.step === 'arrived' && alike(again, end),
    );
  });
}

/** It was applied, its answer was taken by a fault, and its process lives to notice. */
function isUnanswered(step: Step, facts: readonly Fact[]): boolean {
  if (step.step !== 'applied') return false;
  return facts.some(
    (fact) =>
      fact.kind === 'fault' &&
      fact.lost === 'answer' &&
      !fact.fault.startsWith('crash') &&
      fact.fault.includes(`${step.slot} · ${step.operation} ${step.target}`) &&
      fact.seq > step.seq,
  );
}

function alike(one: Step, other: Step): boolean {
  return (
    one.slot === other.slot &&
    one.incarnation === other.incarnation &&
    one.operation === other.operation &&
    one.target === other.target &&
    one.cause.join() === other.cause.join()
  );
}

/** Batches that the broker acknowledged as repetitions, although nothing of them is there. */
function swallowed(facts: readonly Fact[]): readonly Step[] {
  const arrivals = facts.filter(
    (fact): fact is Step =>
      fact.kind === 'operation' && fact.operation === 'Produce' && fact.step === 'arrived',
  );
  return arrivals.filter((arrived) => {
    const applied = facts.find(
      (fact): fact is Step =>
        fact.kind === 'operation' &&
        fact.step === 'applied' &&
        fact.ordinal === arrived.ordinal &&
        fact.seq > arrived.seq &&
        alike(fact, arrived),
    );
    if (applied === undefined || applied.error !== undefined) return false;
    const [command] = arrived.cause;
    if (command === undefined) return false;
    const appended = facts.filter(
      (fact): fact is Fact & AppendFact =>
        fact.kind === 'append' &&
        fact.slot === arrived.slot &&
        fact.topic === arrived.target &&
        fact.command === command &&
        fact.seq < applied.seq,
    );
    return appended.every((append) => isAborted(append, facts, arrived.seq));
  });
}

function isAborted(append: Fact & AppendFact, facts: readonly Fact[], before: number): boolean {
  const ending = markerOf(append, facts);
  return ending !== undefined && ending.outcome === 'abort' && ending.seq < before;
}

/** The end of the transaction that a record is part of, where it has one. */
function markerOf(
  append: Fact & AppendFact,
  facts: readonly Fact[],
): (Fact & MarkerFact) | undefined {
  if (append.transactional !== true) return undefined;
  return facts.find(
    (fact): fact is Fact & MarkerFact =>
      fact.kind === 'marker' &&
      fact.topic === append.topic &&
      fact.partition === append.partition &&
      fact.producerId === append.producerId &&
      fact.seq > append.seq,
  );
}

interface Aborted {
  readonly place: string;
  readonly first: number;
  readonly marker: number;
  readonly offsets: readonly number[];
  /** kafkajs takes such a record for the marker. */
  readonly looksLikeMarker: boolean;
}

/** An aborted record reached a client that cannot tell it from a committed one. */
function leaks(facts: readonly Fact[]): boolean {
  const aborted = abortedIn(facts);
  return facts.some((fact) => {
    if (fact.kind !== 'deliver') return false;
    const here = aborted.filter(({ place }) => place === `${fact.topic}/${fact.partition}`);
    return here.some(
      (one) =>
        one.offsets.some((offset) => fact.offsets.includes(offset)) &&
        (one.looksLikeMarker || here.some((other) => overlap(one, other))),
    );
  });
}

function overlap(one: Aborted, other: Aborted): boolean {
  return one !== other && one.first < other.marker && other.first < one.marker;
}

const zeroKey = '\0\0\0\0';

function abortedIn(facts: readonly Fact[]): readonly Aborted[] {
  const found = new Map<Fact, Aborted & { readonly offsets: number[] }>();
  for (const fact of facts) {
    if (fact.kind !== 'append') continue;
    const ending = markerOf(fact, facts);
    if (ending === undefined || ending.outcome !== 'abort') continue;
    const known = found.get(ending);
    const looksLikeMarker = fact.key === zeroKey || known?.looksLikeMarker === true;
    const offsets = [...(known?.offsets ?? []), fact.offset];
    const place = `${fact.topic}/${fact.partition}`;
    const first = known?.first ?? fact.offset;
    found.set(ending, { place, first, marker: ending.offset, offsets, looksLikeMarker });
  }
  return [...found.values()];
}

/** How kafkajs dies when another consumer of the group has emptied the offsets they share. */
function diedOfSharedOffsets(fact: Fact): boolean {
  if (fact.kind !== 'client' || fact.event !== 'consumer.crash') return false;
  return /TypeError: Cannot read properties of undefined/.test(fact.detail ?? '');
}
