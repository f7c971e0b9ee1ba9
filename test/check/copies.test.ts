/** STABLE-ID and ATOMIC: what must be equal, and what must be there together. */
import { describe, expect, test } from 'vitest';
import { judge, type Finding } from '#check';
import type { ChapterDefinition } from '#kit';
import { greetings, history, rest, topic, type Script } from './history.ts';

function findings(script: Script, changes: Partial<ChapterDefinition>): readonly Finding[] {
  const judged = judge(script.facts, greetings(changes), rest, { everyMoment: true });
  expect(judged.unknown).toBeUndefined();
  return judged.findings;
}

describe('stable-id', () => {
  const properties = { 'stable-id': 'shared' } as const;
  const relay = 'relay-0';
  const event = (offset: number, value: object, headers = { 'event-id': 'e1' }) =>
    ({
      kind: 'append',
      topic,
      partition: 0,
      offset,
      key: 'k',
      headers,
      slot: relay,
      value: JSON.stringify(value),
    }) as const;

  test('accepts copies that are the same to the byte', () => {
    const script = history()
      .add(event(0, { id: 'm1' }))
      .add(event(1, { id: 'm1' }));
    expect(findings(script, { properties })).toEqual([]);
  });

  test.each([
    ['value', event(1, { id: 'm1', again: true })],
    ['headers', event(1, { id: 'm1' }, { 'event-id': 'e2' })],
    ['key', { ...event(1, { id: 'm1' }), key: 'other' }],
  ])('finds a copy with another %s', (part, copy) => {
    const [finding] = findings(
      history()
        .add(event(0, { id: 'm1' }))
        .add(copy),
      { properties },
    );
    expect(finding).toMatchObject({
      sentence:
        `m1 is in ${topic} twice, in partition 0 (offset 0) and 0 (offset 1), ` +
        `and the ${part} of the copies differs.`,
      witnesses: [0, 1],
    });
  });

  test('what the harness wrote twice, and two events of one command, are no copies', () => {
    const { slot: _, ...own } = event(1, { id: 'm1', again: true });
    const script = history()
      .add(event(0, { id: 'm1' }))
      .add(own);
    expect(findings(script, { properties })).toEqual([]);
    const both = history()
      .add(event(0, { id: 'm1', is: 'placed' }))
      .add(event(1, { id: 'm1', is: 'paid' }));
    const { flow } = greetings();
    const kindOf = ({ value }: { value: Buffer | null }): string => String(value);
    expect(findings(both, { properties, flow: { ...flow, event: { [topic]: kindOf } } })).toEqual(
      [],
    );
  });
});

describe('atomic', () => {
  const flow: ChapterDefinition['flow'] = {
    ...greetings().flow,
    pair: {
      names: ['order', 'event'],
      of: ({ orders = [], outbox = [] }) => [
        orders.map(({ id }) => String(id)),
        outbox.map(({ about }) => String(about)),
      ],
    },
  };
  const properties = { atomic: 'shared' } as const;
  const snapshot = (
    script: Script,
    orders: readonly string[],
    events: readonly string[],
  ): Script => {
    const tables = {
      orders: orders.map((id) => ({ id })),
      outbox: events.map((about) => ({ about })),
    };
    return script.add({ kind: 'table', tables, slot: 'orders-0', incarnation: 1 });
  };

  test('accepts snapshots that have both', () => {
    const script = snapshot(snapshot(history(), ['o1'], ['o1']), ['o1', 'o2'], ['o2', 'o1']);
    expect(findings(script, { properties, flow })).toEqual([]);
  });

  test('finds the snapshot that has one, although the next has both', () => {
    const script = snapshot(snapshot(history(), ['o1'], []), ['o1'], ['o1']);
    const [finding, ...more] = findings(script, { properties, flow });
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      sentence: 'o1 has its order and not its event.',
      witnesses: [script.facts.length - 2],
    });
    const [other] = findings(snapshot(history(), [], ['o2']), { properties, flow });
    expect(other?.sentence).toBe('o2 has its event and not its order.');
  });

  test('says so where the chapter names no pair', () => {
    const script = snapshot(history(), ['o1'], []);
    const judged = judge(script.facts, greetings({ properties }), rest, { everyMoment: true });
    expect(judged.unknown).toMatch(/flow\.pair/);
  });
});
