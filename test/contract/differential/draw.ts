/** Which commands a sequence is likely to have. */
import fc from 'fast-check';
import type { Line } from '../area.ts';
import { slots, type By, type Cast, type Command, type Kind, type Of } from './commands.ts';
import type { Packing, Sequence, Step } from './commands.ts';

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
/** Where every transaction has its own epoch, the one before is that of a repetition. */
const again = fc.constantFrom(0, 0, 0, 0, 0, -1, -1, 1);
const packing = fc.nat(5).map((drawn): Packing => (drawn === 5 ? 'gzip' : 'none'));
const metadata = fc.constantFrom('', 'm');
const usually = fc.nat(9).map((drawn) => drawn > 0);
const version = (min: number, max: number) => fc.integer({ min, max });
const isolation = fc.constantFrom<(0 | 1)[]>(0, 1);
const offset = fc.integer({ min: 0, max: 12 });

const readers: readonly Weighted[] = [
  often(4, 'fetch', { place, offset, isolation, version: version(4, 12) }),
  often(2, 'list', { place, isolation }),
];

const logs: readonly Weighted[] = [
  often(2, 'produce', { place, count, packing }),
  often(3, 'sequenced', {
    producer: below(slots.producers),
    place,
    count,
    step,
    epoch,
    packing,
    version: version(3, 11),
  }),
  ...readers,
];

/**
 * Of the two transaction protocols: the one in which partitions are added and epochs stay, that of
 * KIP-890, which 3.9 does not have, or what no client would do, one today and the other tomorrow.
 */
type Dialect = 'old' | 'new' | 'mixed';

const spoken = (dialect: Dialect, old: number, newest: number, added: number) => {
  if (dialect === 'old') return version(old, newest);
  if (dialect === 'new') return fc.constant(added);
  return fc.oneof(version(old, newest), fc.constant(added));
};

function offsetsOf(
  transaction: fc.Arbitrary<number>,
  dialect: Dialect,
  line: Line,
  members: number,
): Weighted {
  return often(3, 'offset-in-transaction', {
    transaction,
    place,
    offset,
    metadata,
    // 3.9 takes a newer epoch where an older one has begun, and the transaction never ends.
    epoch: line === '4' ? epoch : epoch.map((one) => Math.min(one, 0)),
    version: spoken(dialect, 0, 4, 5),
    member:
      members === 0
        ? fc.constant(undefined)
        : fc.option(below(members)).map((one) => one ?? undefined),
  });
}

function transacting(
  dialect: Dialect,
  slot: number,
  line: Line,
  members: number,
): readonly Weighted[] {
  const transaction = fc.constant(slot);
  const result = fc.constantFrom<('commit' | 'abort')[]>('commit', 'abort');
  const adding = [
    often(4, 'add', { transaction, place, epoch, version: version(0, 3) }),
    often(2, 'add-offsets', { transaction, version: version(0, 4) }),
  ];
  return [
    ...(dialect === 'new' ? [] : adding),
    often(3, 'init', { transaction, own: fc.boolean() }),
    often(dialect === 'old' ? 5 : 7, 'write', {
      transaction,
      place,
      step,
      epoch,
      packing,
      version: spoken(dialect, 3, 11, 12),
    }),
    often(4, 'end', {
      transaction,
      result,
      epoch: dialect === 'old' ? epoch : again,
      version: spoken(dialect, 0, 4, 5),
    }),
    offsetsOf(transaction, dialect, line, members),
  ];
}

/** What the producers of one sequence speak, by slot; how often. */
const dialects: Readonly<Record<Line, readonly (readonly [number, readonly Dialect[]])[]>> = {
  '3.9': [[1, ['old', 'old']]],
  '4': [
    [3, ['old', 'old']],
    [3, ['new', 'new']],
    [3, ['old', 'new']],
    [1, ['mixed', 'new']],
    [1, ['mixed', 'mixed']],
  ],
};

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

const committed = often(2, 'committed', { stable: fc.boolean(), version: version(7, 9) });

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
      metadata,
      generation: epoch,
      version: version(2, 9),
    }),
    committed,
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
  often(1, 'produce', { place, count, packing }),
  often(1, 'fetch', { place, offset, isolation, version: version(4, 12) }),
  often(1, 'list', { place, isolation }),
  often(1, 'init', { transaction: fc.constant(0), own: fc.boolean() }),
  often(1, 'add', { transaction: fc.constant(0), place, epoch, version: version(0, 3) }),
  often(1, 'end', {
    transaction: fc.constant(0),
    result: fc.constantFrom('commit', 'abort'),
    epoch: fc.constant(0),
    version: version(0, 4),
  }),
  often(1, 'commit', {
    member: fc.constant(undefined),
    place,
    offset,
    metadata,
    generation: fc.constant(0),
    version: version(2, 9),
  }),
  often(1, 'committed', { stable: fc.boolean(), version: version(7, 9) }),
  often(1, 'describe', {}),
];

const topics: readonly Weighted[] = [
  often(3, 'delete', { version: version(1, 6) }),
  often(4, 'create', { stamped: fc.boolean(), version: version(2, 7) }),
];

function partsOf(cast: Cast, commands: readonly Weighted[], on: Sequence['on'] = 'pool') {
  return {
    on: fc.constant(on),
    cast: fc.constant(cast),
    commands: fc.array(fc.oneof(...commands), { minLength: 1, maxLength: 30, size: 'max' }),
  };
}

/** At most two members at a time: who leads after a third is a matter of Kafka's hash table. */
const casts = { dynamic: [null, null], one: [null, 'i', 'i'], two: ['i', 'i', 'j'] } as const;

/** Requests of all kinds, or as given, with producers of each way to speak. */
function requests(
  line: Line,
  cast: Cast,
  others: readonly Weighted[] = [...logs, ...groups(cast)],
  on: Sequence['on'] = 'pool',
): fc.Arbitrary<Sequence> {
  const ways = dialects[line].map(([weight, spoken]) => {
    const transactions = spoken.flatMap((dialect, slot) =>
      transacting(dialect, slot, line, cast.length),
    );
    // As each of the producers has its own.
    const each = others.map((one) => ({ ...one, weight: one.weight * spoken.length }));
    const { commands, ...rest } = partsOf(cast, [...each, ...transactions], on);
    const begun = fc.tuple(initialized, commands).map((parts) => parts.flat());
    return { weight, arbitrary: fc.record({ ...rest, commands: begun }) };
  });
  return fc.oneof(...ways);
}

/** Mostly both know who they are, since most of the rest is refused otherwise. */
const initialized = fc
  .constantFrom<number[][]>([], [0], [1], [0, 1], [0, 1], [0, 1], [0, 1])
  .map((given) => given.map((transaction): Command => ({ kind: 'init', transaction, own: false })));

/** Those that a Kafka of this line knows. */
export function sequences(line: Line): fc.Arbitrary<Sequence> {
  const deletions = (cast: Cast) =>
    requests(line, cast, [...logs, ...groups(cast), ...topics], 'own topic');
  const grouped = (cast: Cast) => {
    const offsets = offsetsOf(below(slots.transactions), 'old', line, cast.length);
    return fc.record(partsOf(cast, [...groups(cast), offsets]));
  };
  return fc.oneof(
    { weight: 4, arbitrary: requests(line, casts.dynamic) },
    { weight: line === '4' ? 5 : 2, arbitrary: requests(line, [], [...readers, committed]) },
    { weight: 1, arbitrary: requests(line, casts.one) },
    { weight: 1, arbitrary: requests(line, casts.two) },
    { weight: 2, arbitrary: grouped(casts.one) },
    { weight: 1, arbitrary: grouped(casts.two) },
    {
      weight: 1,
      arbitrary: fc.record(partsOf([], [...clients, ...besideClients], 'one topic')),
    },
    { weight: 1, arbitrary: deletions(casts.dynamic) },
    { weight: 1, arbitrary: deletions(casts.one) },
  );
}
