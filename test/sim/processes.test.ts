import { expect, test } from 'vitest';
import { byCall, worker } from './support/course.ts';
import { atMsOf, facts, lifeOf, recorded, services } from './support/play.ts';

const plain = await services(worker());
const record = 'worker-0 · sink.record (m1) · #1';
const commit = 'worker-0 · OffsetCommit workers (m1) · #1';

test('a process that exits comes back after 1 s, then 2, 4, 8, 16 and at most 30', async () => {
  const stage = await services(`export const worker = async () => { process.exit(1); };`);
  const run = await stage.play({ commands: 0 });
  const starts = facts(run, 'instance', { state: 'starts' }).map(atMsOf);
  const exits = facts(run, 'instance', { state: 'exits' }).map(atMsOf);
  const waits = starts.slice(1).map((atMs, index) => atMs - (exits[index] ?? 0));
  expect(waits.map((ms) => ms / 1_000)).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30]);
});

test('ten exits in a row without a fault are a finding', async () => {
  const stage = await services(`export const worker = async () => { throw new Error('no'); };`);
  const { ending } = await stage.play({ commands: 0 });
  expect(ending).toMatchObject({ kind: 'service', property: 'stays-up' });
  expect(ending).toMatchObject({ line: { file: 'service.ts', line: 1 } });
});

test('exits before a fault and after it are not in a row', async () => {
  // It exits at its first eight starts, runs, and exits five more times after the crash.
  const stage = await services(
    worker('await ports.sink.record(order);').replace(
      'const consumer',
      `const starts = await ports.sink.count(); await ports.sink.record({ id: 'start' });
       if (starts < 8 || (starts > 9 && starts < 15)) process.exit(1);
       const consumer`,
    ),
  );
  const run = await stage.play({ commands: 1, faults: [`crash ${commit} · after apply`] });
  expect(facts(run, 'instance', { state: 'exits' }).length).toBeGreaterThan(10);
  expect(run.fired).toEqual([0]);
  expect(run.ending.kind).not.toBe('service');
});

test('an unhandled rejection ends the process, and the fact says why', async () => {
  const stage = await services(
    worker(`if ((await ports.sink.count()) === 0) {
      await ports.sink.record(order);
      void Promise.reject(new TypeError('oops'));
      await new Promise(() => {});
    } await ports.sink.record(order);`),
  );
  const run = await stage.play({ commands: 1 });
  const [exit] = facts(run, 'instance', { state: 'exits' });
  expect(exit?.reason).toBe('died of an unhandled rejection: TypeError: oops');
  expect(lifeOf(run, 'worker-0').slice(-2)).toEqual(['starts', 'ready']);
});

test('a graceful stop leaves the group at once, so that the next process need not wait', async () => {
  const run = await plain.play({ faults: [`stop worker-0 at ${record} · after apply`] });
  expect(lifeOf(run, 'worker-0')).toEqual([
    'starts',
    'ready',
    'stopping',
    'stopped',
    'starts',
    'ready',
  ]);
  const [stopped] = facts(run, 'instance', { state: 'stopped' });
  const again = facts(run, 'deliver', { incarnation: 2 })[0];
  expect(atMsOf(again) - atMsOf(stopped)).toBeLessThan(6_000);
});

test('a process that does not end within 30 s of SIGTERM is killed', async () => {
  const stage = await services(
    worker().replace('stop: () => consumer.disconnect()', 'stop: () => new Promise(() => {})'),
  );
  const run = await stage.play({ faults: [`stop worker-0 at ${record} · after apply`] });
  const [stopping] = facts(run, 'instance', { state: 'stopping' });
  const [dies] = facts(run, 'instance', { state: 'dies' });
  expect(atMsOf(dies) - atMsOf(stopping)).toBe(30_000);
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
});

test('a stop while it starts ends the process at once', async () => {
  const run = await plain.play({
    faults: ['stop worker-0 at worker-0 · JoinGroup workers · #1 · before apply'],
  });
  expect(lifeOf(run, 'worker-0').slice(0, 3)).toEqual(['starts', 'stopping', 'exits']);
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
});

test('a late start leaves the slot empty for a while', async () => {
  const run = await plain.play({ faults: ['stop worker-0 before start'] });
  expect(run.fired).toEqual([0]);
  expect(atMsOf(facts(run, 'instance', { state: 'starts' })[0])).toBe(5_000);
});

test('a frozen process gets no event and no timer, and gets them in order when it thaws', async () => {
  const stage = await services(
    worker(`
      if ((await ports.sink.count()) > 0) return;
      setTimeout(() => console.log('timer'), 1_000);
      const cancelled = setTimeout(() => console.log('cancelled'), 2_000);
      await ports.sink.record(order);
      console.log('answer');
      clearTimeout(cancelled);`),
  );
  const run = await stage.play({
    commands: 1,
    faults: [`freeze ${record} · before apply · 10000 ms`],
  });
  const [frozen] = facts(run, 'instance', { state: 'frozen' });
  const [thawed] = facts(run, 'instance', { state: 'thawed' });
  expect(atMsOf(thawed) - atMsOf(frozen)).toBe(10_000);
  const said = facts(run, 'console');
  expect(said.map(({ text }) => text)).toEqual(['answer', 'timer']);
  expect(said[0]?.atMs).toBeGreaterThanOrEqual(atMsOf(thawed));
});

test('a zombie is told that it is no longer a member, and its successor has taken over', async () => {
  const run = await plain.play({
    commands: 1,
    faults: [
      `freeze ${record} · before apply · 45000 ms`,
      `join worker at ${record} · before apply`,
    ],
  });
  expect(run.fired).toEqual([0, 1]);
  expect(run.ending).toEqual({ kind: 'rest' });
  const thawed = atMsOf(facts(run, 'instance', { state: 'thawed' })[0]);
  const refused = facts(run, 'operation', { slot: 'worker-0', error: 'UNKNOWN_MEMBER_ID' });
  expect(refused.length).toBeGreaterThan(0);
  for (const { atMs, operation } of refused) {
    expect(atMs).toBeGreaterThanOrEqual(thawed);
    expect(['OffsetCommit', 'Heartbeat']).toContain(operation);
  }
  const taken = facts(run, 'port', { slot: 'worker-1', outcome: 'applied' });
  expect(taken.length).toBeGreaterThan(0);
  expect(taken[0]?.atMs).toBeLessThan(thawed);
});

test('a cut closes the connections and refuses new ones until it heals; the process runs on', async () => {
  const stage = await services(
    worker('await ports.sink.record(order);', `setInterval(() => console.log('alive'), 1_000);`),
  );
  const run = await stage.play({
    commands: 1,
    faults: [`cut ${commit} · before apply · 20000 ms`],
  });
  expect(lifeOf(run, 'worker-0')).toEqual(['starts', 'ready', 'cut', 'healed']);
  const [cut] = facts(run, 'instance', { state: 'cut' });
  const [healed] = facts(run, 'instance', { state: 'healed' });
  const between = (fact: { atMs: number }): boolean =>
    fact.atMs > atMsOf(cut) && fact.atMs < atMsOf(healed);
  expect(facts(run, 'operation').filter(between)).toEqual([]);
  expect(facts(run, 'console', { text: 'alive' }).filter(between).length).toBeGreaterThan(15);
  expect(facts(run, 'client').some(({ detail }) => detail?.includes('ECONNREFUSED'))).toBe(true);
  expect(recorded(run).length).toBeGreaterThan(0);
  expect(run.findings).toEqual([]);
});

test('a cut may be placed after a command as well', async () => {
  const run = await plain.play({ faults: ['cut worker-0 after command m1 · 20000 ms'] });
  expect(run.fired).toEqual([0]);
  expect(lifeOf(run, 'worker-0')).toContain('cut');
});

test('a restart of everything at rest stops each process in order and starts it at once', async () => {
  const run = await plain.play({ faults: ['restart everything at rest'] });
  const [stopping] = facts(run, 'instance', { state: 'stopping' });
  expect(facts(run, 'command', { closing: false, state: 'acked' }).at(-1)?.seq).toBeLessThan(
    stopping?.seq ?? 0,
  );
  expect(lifeOf(run, 'worker-0').slice(-2)).toEqual(['starts', 'ready']);
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
});

test('what cannot be struck has not fired', async () => {
  const run = await plain.play({
    faults: [
      'crash worker-7 after command m1',
      'republish m9 after command m1',
      'join stranger after command m1',
      'rebalance nobody after command m1',
      'redeliver workers orders/0 to 9 at rest',
      'crash worker-0 before start',
    ],
  });
  expect(run.fired).toEqual([]);
  expect(facts(run, 'fault')).toEqual([]);
});

test('a caller and a worker are two processes of two roles', async () => {
  const caller = `
    export const caller = async ({ slot, ports }) => ({
      take: (order) => ports.sink.record({ ...order, by: slot }),
      stop: async () => {},
    });`;
  const stage = await services(worker() + caller, byCall);
  const run = await stage.play({ instances: { caller: 2 }, commands: 3 });
  expect(lifeOf(run, 'caller-1')).toEqual(['starts', 'ready']);
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
});
