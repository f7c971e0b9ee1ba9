import { expect, test } from 'vitest';
import type { Unstamped } from '#check';
import { fold } from '#check';
import { greetings, history, topic, type Script } from './history.ts';

const record = (id: string, offset: number, producerId?: number): Unstamped => ({
  kind: 'append',
  topic,
  partition: 0,
  offset,
  key: id,
  value: JSON.stringify({ id }),
  ...(producerId !== undefined && { producerId, transactional: true }),
});

const marker = (outcome: 'commit' | 'abort', offset: number, producerId: number): Unstamped => ({
  kind: 'marker',
  topic,
  partition: 0,
  offset,
  producerId,
  outcome,
});

const play = (...facts: readonly Unstamped[]): Script => {
  const script = history();
  for (const fact of facts) script.add(fact);
  return script;
};

/** What both kinds of reader see, by command. */
function seen(script: Script): { committed: unknown[]; uncommitted: unknown[] } {
  const { moment } = fold(script.facts, greetings());
  const { committed = [], uncommitted = [] } = moment.topics[topic] ?? {};
  return {
    committed: committed.map(({ command }) => command),
    uncommitted: uncommitted.map(({ command }) => command),
  };
}

test('a record of a transaction is visible to committed readers when its marker comes', () => {
  const script = play(record('a', 0, 7));
  expect(seen(script)).toEqual({ committed: [], uncommitted: ['a'] });
  script.add(marker('commit', 1, 7));
  expect(seen(script)).toEqual({ committed: ['a'], uncommitted: ['a'] });
});

test('an aborted record never is', () => {
  const script = play(record('a', 0, 7), marker('abort', 1, 7), record('b', 2));
  expect(seen(script)).toEqual({ committed: ['b'], uncommitted: ['a', 'b'] });
});

test('an open transaction holds back what stands behind it, and order is that of offsets', () => {
  const script = play(record('a', 0, 7), record('b', 1, 8), record('c', 2));
  script.add(marker('commit', 3, 8));
  expect(seen(script).committed).toEqual([]);
  script.add(marker('commit', 4, 7));
  expect(seen(script).committed).toEqual(['a', 'b', 'c']);
});

test('a late record shares the fate of the transaction whose marker comes behind it', () => {
  const script = play(record('a', 0, 7), record('late', 1, 7), marker('abort', 2, 7));
  script.add(record('next', 3, 7)).add(marker('commit', 4, 7));
  expect(seen(script).committed).toEqual(['next']);
});

test('a look-up by partition sees the same', () => {
  const script = play(record('a', 0, 7), record('b', 1), marker('commit', 2, 7));
  const { sight } = fold(script.facts, greetings());
  expect(sight.visible(topic, 0).map(({ offset }) => offset)).toEqual([0, 1]);
});
