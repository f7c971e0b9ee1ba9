/**
 * What a sequence is made of: plain data, the same for both brokers. Producers, transactions and
 * members are slots; partitions are places of a pool, and offsets count from where the sequence
 * found the end of the log.
 */
import fc from 'fast-check';

export const slots = { places: 2, producers: 2, transactions: 2, members: 2 } as const;

/** The next sequence number, one of the last batches again, or a step too far. */
export type Step = 'next' | 'again' | 'older' | 'gap';

export type Command =
  | { readonly kind: 'produce'; readonly place: number; readonly count: number }
  | {
      readonly kind: 'sequenced';
      readonly producer: number;
      readonly place: number;
      readonly count: number;
      readonly step: Step;
      readonly epoch: number;
      readonly version: number;
    }
  | { readonly kind: 'init'; readonly transaction: number; readonly own: boolean }
  | {
      readonly kind: 'add';
      readonly transaction: number;
      readonly place: number;
      readonly epoch: number;
      readonly version: number;
    }
  | {
      readonly kind: 'write';
      readonly transaction: number;
      readonly place: number;
      readonly step: Step;
      readonly epoch: number;
      readonly version: number;
    }
  | {
      readonly kind: 'end';
      readonly transaction: number;
      readonly result: 'commit' | 'abort';
      readonly version: number;
    }
  | { readonly kind: 'add-offsets'; readonly transaction: number; readonly version: number }
  | {
      readonly kind: 'offset-in-transaction';
      readonly transaction: number;
      readonly place: number;
      readonly offset: number;
      readonly version: number;
      readonly member: number | undefined;
    }
  | { readonly kind: 'join'; readonly member: number; readonly metadata: string }
  | { readonly kind: 'sync'; readonly member: number }
  | { readonly kind: 'heartbeat'; readonly member: number; readonly generation: number }
  | { readonly kind: 'leave'; readonly member: number; readonly version: number }
  | {
      readonly kind: 'commit';
      readonly member: number | undefined;
      readonly place: number;
      readonly offset: number;
      readonly generation: number;
      readonly version: number;
    }
  | { readonly kind: 'committed'; readonly stable: boolean; readonly version: number }
  | { readonly kind: 'describe' }
  | {
      readonly kind: 'fetch';
      readonly place: number;
      readonly offset: number;
      readonly isolation: 0 | 1;
      readonly version: number;
    }
  | { readonly kind: 'list'; readonly place: number; readonly isolation: 0 | 1 };

const below = (count: number) => fc.nat(count - 1);
const place = below(slots.places);
const transaction = below(slots.transactions);
const member = below(slots.members);
const kind = <K extends Command['kind']>(name: K) => fc.constant(name);
const count = fc.integer({ min: 1, max: 3 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>('next') },
  { weight: 1, arbitrary: fc.constantFrom<Step>('again', 'older', 'gap') },
);
/** How far from the epoch that the slot has. */
const epoch = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1) },
);
const version = (min: number, max: number) => fc.integer({ min, max });
const isolation = fc.constantFrom<(0 | 1)[]>(0, 1);
const offset = fc.integer({ min: 0, max: 12 });

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: kind('produce'), place, count }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind('sequenced'),
      producer: below(slots.producers),
      place,
      count,
      step,
      epoch,
      version: version(3, 11),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind('init'), transaction, own: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: kind('add'), transaction, place, epoch, version: version(0, 3) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kind('write'),
      transaction,
      place,
      step,
      epoch,
      version: version(3, 11),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind('end'),
      transaction,
      result: fc.constantFrom<('commit' | 'abort')[]>('commit', 'abort'),
      version: version(0, 4),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind('add-offsets'), transaction, version: version(0, 4) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind('offset-in-transaction'),
      transaction,
      place,
      offset,
      version: version(0, 4),
      member: fc.option(member, { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind('join'),
      member,
      metadata: fc.constantFrom('m1', 'm1', 'm2'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: kind('sync'), member }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('heartbeat'), member, generation: epoch }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind('leave'), member, version: version(0, 5) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind('commit'),
      member: fc.option(member, { nil: undefined }),
      place,
      offset,
      generation: epoch,
      version: version(2, 9),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind('committed'),
      stable: fc.boolean(),
      version: version(7, 9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('describe') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind('fetch'),
      place,
      offset,
      isolation,
      version: version(4, 12),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind('list'), place, isolation }),
  },
);

export const sequences: fc.Arbitrary<readonly Command[]> = fc.array(command, {
  minLength: 1,
  maxLength: 30,
  size: 'max',
});
