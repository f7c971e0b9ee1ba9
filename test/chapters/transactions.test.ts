import { describe, expect, test } from 'vitest';
import { judge, type Fact, type Unstamped } from '#check';
import { transactions } from '#chapters/19-transactions/chapter.ts';
import type { Booking, Transfer } from '#chapters/19-transactions/given.ts';

/** Histories of chapter 19 by hand. Bookings are visible at once here: markers are the broker's. */
class Ledger {
  readonly facts: Fact[] = [];
  readonly #ends = new Map<string, number>();

  add(fact: Unstamped): this {
    this.facts.push({ seq: this.facts.length, atMs: this.facts.length, ...fact });
    return this;
  }

  transfer(id: string, partition = 0, amount = 30): this {
    const value: Transfer = { id, from: 'alice', to: 'bob', amount };
    const command = { kind: 'command', id, closing: false, value: { ...value } } as const;
    return this.add({ ...command, state: 'sent' })
      .append('transfers', partition, 'alice', value)
      .add({ ...command, state: 'acked' });
  }

  debit(ref: string, slot = 'transfers-0', amount = 30): this {
    return this.#book('debits', { ref, account: 'alice', amount }, slot);
  }

  credit(ref: string, slot = 'transfers-0', amount = 30): this {
    return this.#book('credits', { ref, account: 'bob', amount }, slot);
  }

  commit(offset: number, partition = 0): this {
    const at = { group: 'transfers', topic: 'transfers', partition, offset };
    return this.add({ kind: 'commit', ...at, slot: 'transfers-0', incarnation: 1 });
  }

  owner(slot: string, generation: number): this {
    const partitions = [{ topic: 'transfers', partition: 0 }];
    const members = [{ slot, memberId: slot, partitions }];
    return this.add({ kind: 'assign', group: 'transfers', generation, members });
  }

  append(topic: string, partition: number, key: string, value: object, slot?: string): this {
    const place = `${topic}/${partition}`;
    const offset = this.#ends.get(place) ?? 0;
    this.#ends.set(place, offset + 1);
    const record = { topic, partition, offset, key, value: JSON.stringify(value) };
    return this.add({ kind: 'append', ...record, ...(slot !== undefined && { slot }) });
  }

  /** Properties that broke, with what they say. */
  broken(): Readonly<Record<string, string>> {
    const ending = { kind: 'rest' } as const;
    const { findings, unknown } = judge(this.facts, transactions, ending, { everyMoment: true });
    expect(unknown).toBeUndefined();
    return Object.fromEntries(findings.map(({ property, sentence }) => [property, sentence]));
  }

  #book(topic: string, booking: Booking, slot: string): this {
    return this.append(topic, 0, booking.account, booking, slot);
  }
}

const ledger = (): Ledger => new Ledger();

describe('exactly-once', () => {
  test('one debit and one credit break nothing', () => {
    expect(ledger().transfer('t1').debit('t1').credit('t1').commit(1).broken()).toEqual({});
  });

  test('a second credit is wrong, also when its debit is missing', () => {
    const twice = ledger().transfer('t1').debit('t1').credit('t1').credit('t1').commit(1);
    expect(twice.broken()).toEqual({
      'exactly-once': 't1 has two credits: offset 0 of credits/0 and offset 1 of credits/0.',
    });
  });
});

describe('fencing', () => {
  const begun = (): Ledger =>
    ledger()
      .transfer('t1')
      .owner('transfers-0', 1)
      .owner('transfers-1', 2)
      .debit('t1', 'transfers-1')
      .credit('t1', 'transfers-1')
      .commit(1);

  test('who lost the partition and books again is named', () => {
    const { fencing } = begun().debit('t1', 'transfers-0').credit('t1', 'transfers-0').broken();
    expect(fencing).toBe(
      'transfers-1 had booked t1. transfers-0, which no longer owned its partition, booked it ' +
        'again: offset 1 of debits/0.',
    );
  });

  test('a second copy by the one who owns the partition is not called so', () => {
    const again = begun().owner('transfers-0', 3).debit('t1', 'transfers-0').broken();
    expect(again).toHaveProperty('exactly-once');
    expect(again).not.toHaveProperty('fencing');
  });

  test('a second copy by the same process is not called so', () => {
    const again = begun().debit('t1', 'transfers-1').broken();
    expect(again).toHaveProperty('exactly-once');
    expect(again).not.toHaveProperty('fencing');
  });
});

describe('pairing', () => {
  test('a debit without its credit', () => {
    expect(ledger().transfer('t1').debit('t1').commit(1).broken()).toMatchObject({
      pairing:
        't1 (offset 0 of transfers/0) has a debit and no credit, and the group has committed past it.',
    });
  });

  test('an offset that has moved past a transfer that was never booked', () => {
    expect(ledger().transfer('t1').commit(1).broken()).toMatchObject({
      pairing:
        'The group has committed past t1 (offset 0 of transfers/0), yet it has neither debit nor credit.',
    });
  });

  test('bookings whose offset did not move', () => {
    expect(ledger().transfer('t1').debit('t1').credit('t1').broken()).toMatchObject({
      pairing:
        't1 (offset 0 of transfers/0) has its debit and its credit, yet the group has not committed past it.',
    });
  });

  test('a transfer that nobody has looked at is another property’s', () => {
    const broken = ledger().transfer('t1').broken();
    expect(broken).not.toHaveProperty('pairing');
    expect(Object.keys(broken)).toEqual(expect.arrayContaining(['no-loss', 'progress']));
  });
});

test('a transfer is done when it has both, and carries the same amount in both', () => {
  const lame = ledger().transfer('t1').debit('t1').credit('t1', 'transfers-0', 3).commit(1);
  expect(Object.keys(lame.broken())).toEqual(['no-invention']);
  const half = ledger().transfer('t1').debit('t1').commit(1);
  expect(half.broken()).toHaveProperty('no-loss');
});

test('transfers of one partition are booked in the order of the log', () => {
  const booked = ledger().transfer('t1').transfer('t2');
  const late = booked.debit('t2').credit('t2').debit('t1').credit('t1').commit(2);
  expect(late.broken()).toEqual({
    order: 't1 stands before t2 on transfers/0, yet it was booked after it: offset 1 of debits/0.',
  });
  const apart = ledger().transfer('t1').transfer('t2', 1);
  const free = apart.debit('t2').credit('t2').debit('t1').credit('t1').commit(1).commit(1, 1);
  expect(free.broken()).toEqual({});
});
