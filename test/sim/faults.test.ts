import { expect, test } from 'vitest';
import { byCall, worker } from './support/course.ts';
import { atMsOf, facts, lifeOf, recorded, services } from './support/play.ts';

const plain = await services(worker());
const record = 'worker-0 · sink.record (m1) · #1';
const commit = 'worker-0 · OffsetCommit workers (m1) · #1';

const callerWith = (acks: number) =>
  services(
    `
    import { Kafka } from 'kafkajs';
    export const caller = async ({ kafka }) => {
      const producer = new Kafka(kafka).producer();
      await producer.connect();
      return {
        take: ({ id }) => {
          const messages = [{ key: id, value: JSON.stringify({ id }) }];
          return producer.send({ topic: 'orders', messages, acks: ${acks} });
        },
        stop: () => producer.disconnect(),
      };
    };`,
    byCall,
  );
const caller = await callerWith(-1);
const produce = 'caller-0 · Produce orders (m1) · #1';
const appended = async (fault: string): Promise<readonly unknown[]> => {
  const run = await caller.play({ commands: 1, faults: [fault] });
  expect(run.fired).toEqual([0]);
  return facts(run, 'append')
    .map(({ command }) => command)
    .filter((id) => !id?.startsWith('closing'));
};

test('a lost request had no effect, a lost response had one: the client repeats both', async () => {
  expect(await appended(`lose-request ${produce} · before apply`)).toEqual(['m1']);
  expect(await appended(`lose-response ${produce} · after apply`)).toEqual(['m1', 'm1']);
});

test('an error before apply keeps the record out of the log, one after apply does not', async () => {
  const before = `error ${produce} · before apply · NOT_LEADER_OR_FOLLOWER`;
  const after = `error ${produce} · after apply · REQUEST_TIMED_OUT`;
  expect(await appended(before)).toEqual(['m1']);
  expect(await appended(after)).toEqual(['m1', 'm1']);
});

test('nothing is to be found after the answer to who wants none', async () => {
  const phases = async (acks: number): Promise<ReadonlySet<string>> => {
    const { crossings } = await (await callerWith(acks)).play({ commands: 1 });
    const sends = crossings.filter(({ point }) => point.operation === 'Produce');
    return new Set(sends.map(({ phase }) => phase));
  };
  expect(await phases(-1)).toEqual(new Set(['before apply', 'after apply', 'after answer']));
  expect(await phases(0)).toEqual(new Set(['before apply', 'after apply']));
});

test('a silent broker lets the client wait for its own request time-out', async () => {
  const run = await caller.play({ commands: 1, faults: [`silence ${produce} · after apply`] });
  const [first, second] = facts(run, 'append', { command: 'm1' });
  expect(atMsOf(second) - atMsOf(first)).toBeGreaterThanOrEqual(30_000);
  expect(facts(run, 'command', { id: 'm1', state: 'acked' })).toHaveLength(1);
});

test('a delayed answer takes that long and is an answer all the same', async () => {
  const run = await caller.play({
    commands: 1,
    faults: [`delay ${produce} · after apply · 1500 ms`],
  });
  const [sent] = facts(run, 'command', { id: 'm1', state: 'sent' });
  const [acked] = facts(run, 'command', { id: 'm1', state: 'acked' });
  expect(atMsOf(acked) - atMsOf(sent)).toBeGreaterThanOrEqual(1_500);
  expect(facts(run, 'append', { command: 'm1' })).toHaveLength(1);
});

test('a rejected call had no effect, and its caller hears of it', async () => {
  const run = await plain.play({ commands: 1, faults: [`reject ${record} · before apply`] });
  const outcomes = facts(run, 'port').map(({ outcome }) => outcome);
  expect(outcomes.slice(0, 2)).toEqual(['rejected', 'applied']);
  expect(recorded(run)).toEqual(['m1']);
});

test('a call whose answer is lost had its effect, and its caller gives up after five seconds', async () => {
  const run = await plain.play({ commands: 1, faults: [`lose-response ${record} · after apply`] });
  const calls = facts(run, 'port', { outcome: 'applied' });
  expect(recorded(run)).toEqual(['m1', 'm1']);
  expect(atMsOf(calls[1]) - atMsOf(calls[0])).toBeGreaterThan(5_000);
});

test('one that is stopped stays away for as long as the schedule says, and calls wait for it', async () => {
  const stage = await services(
    `export const caller = async () => ({ take: async () => {}, stop: async () => {} });`,
    { ...byCall, groups: [], properties: {} },
  );
  const run = await stage.play({
    commands: 2,
    faults: ['stop caller-0 after command m1 · 180000 ms'],
  });
  expect(run.fired).toEqual([0]);
  const [stopped] = facts(run, 'instance', { slot: 'caller-0', state: 'stopped' });
  const again = facts(run, 'instance', { slot: 'caller-0', state: 'starts' })[1];
  expect(atMsOf(again) - atMsOf(stopped)).toBe(180_000);
  const sent = facts(run, 'command', { id: 'm2', state: 'sent' });
  expect(sent).toHaveLength(1);
  expect(atMsOf(sent[0])).toBeGreaterThan(180_000);
  expect(run.ending).toEqual({ kind: 'rest' });
});

test('what a port throws is its own refusal, and no fault', async () => {
  const stage = await services(
    worker(`await ports.sink.fail(order).catch(({ message }) => console.log(message));
      await ports.sink.record(order);`),
  );
  const run = await stage.play({ commands: 1 });
  expect(facts(run, 'console')[0]?.text).toBe('the sink is full');
  expect(facts(run, 'port', { name: 'sink.fail' })[0]?.outcome).toBe('rejected');
});

test('a rebalance lets every member join again, and nothing is lost', async () => {
  const run = await plain.play({ faults: [`rebalance workers at ${record} · before apply`] });
  const generations = new Set(facts(run, 'assign').map(({ generation }) => generation));
  expect(generations.size).toBeGreaterThanOrEqual(2);
  expect(run.findings).toEqual([]);
  expect(new Set(recorded(run))).toEqual(new Set(['m1', 'm2', 'm3']));
});

test('a redelivery sets the group back while nobody reads', async () => {
  const run = await plain.play({ faults: ['redeliver workers orders/0 to 1 at rest'] });
  expect(run.fired).toEqual([0]);
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3', 'm2', 'm3']);
  const back = facts(run, 'commit', { offset: 1 }).at(-1);
  expect(back?.slot).toBeUndefined();
  expect(lifeOf(run, 'worker-0')).toContain('stopped');
});

test('a republished command is a record of its own', async () => {
  const run = await plain.play({ faults: ['republish m1 after command m2'] });
  expect(recorded(run).filter((id) => id === 'm1')).toHaveLength(2);
  const [first, again] = facts(run, 'append', { command: 'm1' });
  expect(again?.value).toEqual(first?.value);
  expect(again?.offset).toBeGreaterThan(first?.offset ?? 0);
});

test('who joins is one more process of the role, and shares the work', async () => {
  const run = await plain.play({ faults: [`join worker at ${record} · after apply`] });
  expect(lifeOf(run, 'worker-1')).toEqual(['starts', 'ready']);
  expect(facts(run, 'assign').at(-1)?.members).toHaveLength(2);
});

test('who joins before the start is one more as well', async () => {
  const run = await plain.play({ faults: ['join worker before start'] });
  expect(run.fired).toEqual([0]);
  expect(lifeOf(run, 'worker-1')).toEqual(['starts', 'ready']);
});

test('two and three instances share the partitions', async () => {
  for (const count of [2, 3]) {
    const topics = { orders: { partitions: 3 } };
    // Each stage is made once and played once.
    // oxlint-disable-next-line no-await-in-loop
    const stage = await services(worker(), { topics });
    // oxlint-disable-next-line no-await-in-loop
    const run = await stage.play({ instances: { worker: count } });
    const last = facts(run, 'assign').at(-1);
    const owners = last?.members.map(({ slot, partitions }) => [slot, partitions.length]);
    const each = count === 2 ? [1, 2] : [1, 1, 1];
    expect(owners?.map(([, owned]) => owned).toSorted()).toEqual(each);
    expect(run.findings).toEqual([]);
  }
});

test('a fault after the answer strikes when the last answer of a process is delivered', async () => {
  const calm = await plain.play({ commands: 1 });
  const last = calm.crossings.filter(({ phase }) => phase === 'after answer');
  expect(last.length).toBe(1);
  const [crossing] = last;
  if (crossing === undefined) return;
  const { point, phase } = crossing;
  const run = await plain.play({
    commands: 1,
    faults: [{ kind: 'crash', place: { point, phase } }],
  });
  expect(run.fired).toEqual([0]);
  expect(facts(run, 'operation', { operation: point.operation, step: 'answered' })).not.toEqual([]);
  expect(recorded(run)).toEqual(['m1']);
});

test('no fault strikes once closing commands go in', async () => {
  const fault = 'crash worker-0 · sink.record (closing-1) · #1 · after apply';
  const run = await plain.play({ faults: [fault] });
  expect(run.fired).toEqual([]);
  expect(lifeOf(run, 'worker-0')).toEqual(['starts', 'ready']);
});

test('heartbeats, metadata and empty fetches are no places for faults', async () => {
  const { crossings } = await plain.play();
  const names = new Set(crossings.map(({ point }) => point.operation));
  for (const name of ['Heartbeat', 'Metadata', 'ApiVersions']) expect(names).not.toContain(name);
  const fetches = crossings.filter(({ point }) => point.operation === 'Fetch');
  expect(fetches.length).toBeGreaterThan(0);
  for (const { point, phase } of fetches) {
    expect(point.cause).not.toEqual([]);
    expect(phase).toBe('after apply');
  }
});

test('a fault on a commit strikes that commit only', async () => {
  const run = await plain.play({ faults: [`error ${commit} · before apply · NOT_COORDINATOR`] });
  const refused = facts(run, 'operation', { error: 'NOT_COORDINATOR', step: 'answered' });
  expect(refused.map(({ cause }) => cause)).toEqual([['m1']]);
});
