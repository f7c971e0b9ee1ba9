/** Which commands a sequence is likely to have. */
import fc from 'fast-check';
import { slots, type By, type Cast, type Command, type Kind, type Of } from './commands.ts';
import type { Sequence, Step } from './commands.ts';

type Arbitraries<K extends Kind> = {
  [Field in Exclude<keyof Of<K>, 'kind'>]: fc.Arbitrary<Of<K>[Field]>;
};

type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Command> };

function often<K extends Kind>(weight: number, kind: K, fields: Arbitraries<K>): Weighted {
  const record = fc.record({ kind: fc.constant(kind), ...fields });
  return { weight, arbitrary: record as unknown as fc.Arbitrary<Command> };
}

const below = (count: number) => fc.nat(count - 1);
const place = below(slots.places);
const transaction = below(slots.transactions);
const count = fc.integer({ min: 1, max: 3 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>('next') },
  { weight: 1, arbitrary: fc.constantFrom<Step[]>('again', 'older', 'gap') },
);
/** How far from the epoch or generation that the slot has. */
const epoch = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1) },
);
const usually = fc.nat(9).map((drawn) => drawn > 0);
const version = (min: number, max: number) => fc.integer({ min, max });
const isolation = fc.constantFrom<(0 | 1)[]>(0, 1);
const offset = fc.integer({ min: 0, max: 12 });

const logs: readonly Weighted[] = [
  often(2, 'produce', { place, count }),
  often(3, 'sequenced', {
    producer: below(slots.producers),
    place,
    count,
    step,
    epoch,
    version: version(3, 11),
  }),
  often(4, 'fetch', { place, offset, isolation, version: version(4, 12) }),
  often(2, 'list', { place, isolation }),
];

const transactions: readonly Weighted[] = [
  often(3, 'init', { transaction, own: fc.boolean() }),
  often(4, 'add', { transaction, place, epoch, version: version(0, 3) }),
  often(5, 'write', { transaction, place, step, epoch, version: version(3, 11) }),
  often(4, 'end', {
    transaction,
    result: fc.constantFrom('commit', 'abort'),
    version: version(0, 4),
  }),
  often(2, 'add-offsets', { transaction, version: version(0, 4) }),
];

/** In this order only, so that a vote has one outcome. */
const protocols = fc
  .record({
    names: fc.oneof(
      { weight: 8, arbitrary: fc.constant(['range']) },
      { weight: 1, arbitrary: fc.constantFrom(['robin'], ['range', 'robin']) },
    ),
    metadata: fc.constantFrom('m1', 'm1', 'm2'),
  })
  .map(({ names, metadata }) => names.map((name) => [name, metadata] as const));

/** What has no instance id yet is drawn less often. */
const newer = (first: number, last: number) =>
  fc.oneof(
    { weight: 4, arbitrary: version(first, last) },
    { weight: 1, arbitrary: version(0, first - 1) },
  );

function groups(cast: Cast): readonly Weighted[] {
  const member = below(cast.length);
  const maybe = fc.option(member, { nil: undefined });
  const statics = cast.some((instance) => instance !== null);
  return [
    often(4, 'join', {
      member,
      fresh: statics ? fc.boolean() : fc.constant(false),
      protocols,
      // Without its instance id a member would be one more.
      version: statics ? version(5, 9) : version(0, 9),
    }),
    often(4, 'sync', { member, named: usually, version: newer(3, 5) }),
    often(2, 'heartbeat', { member, generation: epoch, version: newer(3, 4) }),
    often(statics ? 2 : 1, 'leave', {
      member,
      also: fc.option(member, { nil: undefined, freq: 3 }),
      by: statics ? fc.constantFrom<By[]>('id', 'instance', 'both') : fc.constant<By>('id'),
      version: newer(3, 5),
    }),
    often(3, 'commit', {
      member: maybe,
      place,
      offset,
      generation: epoch,
      version: version(2, 9),
    }),
    often(3, 'offset-in-transaction', {
      transaction,
      place,
      offset,
      version: version(0, 4),
      member: maybe,
    }),
    often(2, 'committed', { stable: fc.boolean(), version: version(7, 9) }),
    often(1, 'describe', {}),
  ];
}

const client = below(slots.clients);

const clients: readonly Weighted[] = [
  often(3, 'client sends', { place, count, idempotent: fc.boolean() }),
  often(3, 'client begins', { client, fresh: fc.nat(3).map((drawn) => drawn === 0) }),
  often(4, 'client writes', { client, place, count }),
  often(2, 'client sends offsets', { client, place, offset }),
  often(3, 'client ends', { client, result: fc.constantFrom('commit', 'abort') }),
  often(4, 'client joins', { client, autoCommit: fc.boolean() }),
  often(2, 'client commits', { client, place, offset }),
  often(3, 'clients read', {}),
  often(2, 'client leaves', { client }),
  often(3, 'client looks', {
    at: fc.constantFrom('offsets', 'topic offsets', 'group', 'groups'),
  }),
  often(1, 'client deletes group', {}),
];

/** Groups are the clients' own; others may look, and commit what they should not. */
const besideClients: readonly Weighted[] = [
  often(1, 'produce', { place, count }),
  often(1, 'fetch', { place, offset, isolation, version: version(4, 12) }),
  often(1, 'list', { place, isolation }),
  often(1, 'init', { transaction: fc.constant(0), own: fc.boolean() }),
  often(1, 'add', { transaction: fc.constant(0), place, epoch, version: version(0, 3) }),
  often(1, 'end', {
    transaction: fc.constant(0),
    result: fc.constantFrom('commit', 'abort'),
    version: version(0, 4),
  }),
  often(1, 'commit', {
    member: fc.constant(undefined),
    place,
    offset,
    generation: fc.constant(0),
    version: version(2, 9),
  }),
  often(1, 'committed', { stable: fc.boolean(), version: version(7, 9) }),
  often(1, 'describe', {}),
];

const topics: readonly Weighted[] = [
  often(3, 'delete', { version: version(1, 6) }),
  often(4, 'create', { version: version(2, 7) }),
];

function sequencesOf(
  cast: Cast,
  commands: readonly Weighted[],
  on: Sequence['on'] = 'pool',
): fc.Arbitrary<Sequence> {
  return fc.record({
    on: fc.constant(on),
    cast: fc.constant(cast),
    commands: fc.array(fc.oneof(...commands), { minLength: 1, maxLength: 30, size: 'max' }),
  });
}

/** At most two members at a time: who leads after a third is a matter of Kafka's hash table. */
const casts = { dynamic: [null, null], one: [null, 'i', 'i'], two: ['i', 'i', 'j'] } as const;

const everything = (cast: Cast) => [...logs, ...transactions, ...groups(cast)];
const requests = (cast: Cast) => sequencesOf(cast, everything(cast));
const deletions = (cast: Cast) => sequencesOf(cast, [...everything(cast), ...topics], 'own topic');

export const sequences: fc.Arbitrary<Sequence> = fc.oneof(
  { weight: 6, arbitrary: requests(casts.dynamic) },
  { weight: 1, arbitrary: requests(casts.one) },
  { weight: 1, arbitrary: requests(casts.two) },
  { weight: 2, arbitrary: sequencesOf(casts.one, groups(casts.one)) },
  { weight: 1, arbitrary: sequencesOf(casts.two, groups(casts.two)) },
  { weight: 1, arbitrary: sequencesOf([], [...clients, ...besideClients], 'one topic') },
  { weight: 1, arbitrary: deletions(casts.dynamic) },
  { weight: 1, arbitrary: deletions(casts.one) },
);
