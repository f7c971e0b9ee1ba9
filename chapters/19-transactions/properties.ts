/**
 * What must hold of transfers, as pure functions of a moment. Outputs are looked at as a
 * read_committed reader sees them. Markers reach one partition after the other, so halves are
 * judged at rest only; a second copy is wrong at any moment.
 */
import type { Effect, Moment, PropertyDefinition, RecordView } from '#kit';
import { readBooking } from './given.ts';

export const group = 'transfers';
export const inputs = 'transfers';

const outputs = ['debits', 'credits'] as const;
type Output = (typeof outputs)[number];
type Topics = Moment['topics'];

/** The visible records of one output by transfer. */
function bookingsOf(topics: Topics, output: Output): ReadonlyMap<string, readonly RecordView[]> {
  const found = new Map<string, RecordView[]>();
  for (const record of topics[output]?.committed ?? []) {
    if (record.command === undefined) continue;
    const known = found.get(record.command);
    if (known === undefined) found.set(record.command, [record]);
    else known.push(record);
  }
  return found;
}

/** A transfer is done as often as it has a debit and a credit. */
export function effectsOf({ topics }: { readonly topics: Topics }): readonly Effect[] {
  const credits = bookingsOf(topics, 'credits');
  const pairs = [...bookingsOf(topics, 'debits')].flatMap(([id, debits]) =>
    debits.flatMap((debit, index) => {
      const credit = credits.get(id)?.[index];
      if (credit === undefined) return [];
      return [{ id, value: valueOf(debit, credit), seq: Math.max(debit.seq, credit.seq) }];
    }),
  );
  return pairs.toSorted((one, other) => one.seq - other.seq);
}

function valueOf(debit: RecordView, credit: RecordView): Effect['value'] {
  const { account: from, amount } = readBooking(debit);
  const { account: to, amount: credited } = readBooking(credit);
  return { from, to, amount, credited };
}

export const exactlyOnce: PropertyDefinition = {
  says: 'no transfer has two debits or two credits',
  when: 'always',
  broken: ({ topics }) => {
    for (const output of outputs) {
      for (const [id, [first, second]] of bookingsOf(topics, output)) {
        if (first === undefined || second === undefined) continue;
        return {
          sentence: `${id} has two ${output}: ${placeOf(first)} and ${placeOf(second)}.`,
          witnesses: [first.seq, second.seq],
        };
      }
    }
    return undefined;
  },
};

export const fencing: PropertyDefinition = {
  says: 'who has lost a partition adds nothing to what its new owner has booked',
  when: 'always',
  broken: ({ topics, groups }) => {
    for (const output of outputs) {
      for (const [id, copies] of bookingsOf(topics, output)) {
        const last = copies.at(-1);
        const before = copies.find(({ bySlot }) => bySlot !== last?.bySlot);
        if (last?.bySlot === undefined || before?.bySlot === undefined) continue;
        if (ownerOf(groups, topics, id) === last.bySlot) continue;
        return {
          sentence:
            `${before.bySlot} had booked ${id}. ${last.bySlot}, which no longer owned its ` +
            `partition, booked it again: ${placeOf(last)}.`,
          witnesses: [before.seq, last.seq],
        };
      }
    }
    return undefined;
  },
};

/** The slot that the group has given the transfer's partition to. */
function ownerOf(groups: Moment['groups'], topics: Topics, id: string): string | undefined {
  const input = topics[inputs]?.committed.find(({ command }) => command === id);
  const member = groups[group]?.members.find(({ partitions }) =>
    partitions.some(({ topic, partition }) => topic === inputs && partition === input?.partition),
  );
  return member?.slot;
}

export const pairing: PropertyDefinition = {
  says: 'debit, credit and the committed offset of a transfer come together or not at all',
  when: 'at rest',
  broken: ({ topics, committed }) => {
    const booked = outputs.map((output) => ({ output, of: bookingsOf(topics, output) }));
    for (const { command: id, partition, offset, seq } of topics[inputs]?.committed ?? []) {
      if (id === undefined) continue;
      const commit = committed.find(
        (entry) => entry.group === group && entry.topic === inputs && entry.partition === partition,
      );
      const isPast = (commit?.offset ?? 0) > offset;
      const there = booked.filter(({ of }) => of.has(id)).map(({ output }) => output);
      if (there.length === (isPast ? outputs.length : 0)) continue;
      return {
        sentence: pairingOf(`${id} (offset ${offset} of ${inputs}/${partition})`, there, isPast),
        witnesses: [
          seq,
          ...booked.flatMap(({ of }) => of.get(id)?.[0]?.seq ?? []),
          ...(commit === undefined ? [] : [commit.seq]),
        ],
      };
    }
    return undefined;
  },
};

function pairingOf(transfer: string, there: readonly Output[], isPast: boolean): string {
  const [only] = there;
  if (only === undefined) {
    return `The group has committed past ${transfer}, yet it has neither debit nor credit.`;
  }
  if (there.length < outputs.length) {
    const [has, lacks] = only === 'debits' ? ['debit', 'credit'] : ['credit', 'debit'];
    const stands = isPast ? ', and the group has committed past it' : '';
    return `${transfer} has a ${has} and no ${lacks}${stands}.`;
  }
  return `${transfer} has its debit and its credit, yet the group has not committed past it.`;
}

export const order: PropertyDefinition = {
  says: 'transfers of one partition are booked in their order, in each partition of an output',
  when: 'at rest',
  broken: ({ topics }) => {
    const places = new Map(
      topics[inputs]?.committed.map((input) => [input.command ?? '', input] as const),
    );
    for (const output of outputs) {
      const latest = new Map<string, RecordView>();
      const firsts = [...bookingsOf(topics, output).values()].flatMap(([first]) => first ?? []);
      for (const booking of firsts.toSorted((one, other) => one.offset - other.offset)) {
        const input = places.get(booking.command ?? '');
        if (input === undefined) continue;
        const lane = `${input.partition} ${booking.partition}`;
        const before = latest.get(lane);
        const former = before && places.get(before.command ?? '');
        if (before !== undefined && former !== undefined && former.offset > input.offset) {
          return {
            sentence:
              `${input.command} stands before ${former.command} on ${inputs}/${input.partition}, ` +
              `yet it was booked after it: ${placeOf(booking)}.`,
            witnesses: [input.seq, before.seq, booking.seq],
          };
        }
        latest.set(lane, booking);
      }
    }
    return undefined;
  },
};

function placeOf({ topic, partition, offset }: RecordView): string {
  return `offset ${offset} of ${topic}/${partition}`;
}
