/** An outside system whose calls may be late, time out before or after they acted, or outlive their caller. */
import { expect, test } from 'vitest';
import { byCall, course } from './support/course.ts';
import { atMsOf, facts, lifeOf, services } from './support/play.ts';

/** A payment provider: the same key is the same charge. */
const psp = {
  state: (): string[] => [],
  key: (_call: string, [key]: readonly unknown[]) => String(key),
  charge: (charges: string[], key: string, by: string) => {
    if (key === 'refused')
      throw Object.assign(new Error('card refused'), { code: 'REFUSED', charges });
    if (!charges.some((charge) => charge.startsWith(`${key} `))) charges.push(`${key} ${by}`);
    return charges;
  },
  lookup: (charges: string[], key: string) =>
    charges.find((charge) => charge.startsWith(`${key} `)) ?? 'never seen',
};

const caller = (take: string): string => `
  export const caller = async ({ ports, slot }) => ({
    take: async ({ id }) => { ${take} },
    stop: async () => {},
  });
`;
const change = {
  ...byCall,
  ports: { psp },
  groups: [],
  properties: {},
  flow: { ...course.flow, effects: () => [] },
};

const timesOut = await services(
  caller(`
    const first = await ports.psp.charge(id, 'first').then(String, ({ message }) => message);
    return [first, await ports.psp.lookup(id)];
  `),
  change,
);
const resultOf = (run: Awaited<ReturnType<typeof timesOut.play>>): unknown =>
  facts(run, 'command', { id: 'm1', state: 'acked' })[0]?.result;

test('a call times out before it acted, and then it never acts', async () => {
  const faults = ['lose-request caller-0 · psp.charge (m1) · #1 · before apply'];
  const run = await timesOut.play({ commands: 1, faults });
  expect(resultOf(run)).toEqual(['psp.charge timed out', 'never seen']);
});

test('a call times out after it acted', async () => {
  const faults = ['lose-response caller-0 · psp.charge (m1) · #1 · after apply'];
  const run = await timesOut.play({ commands: 1, faults });
  expect(resultOf(run)).toEqual(['psp.charge timed out', 'm1 first']);
});

const impatient = await services(
  caller(`
    const late = ports.psp.charge(id, 'first');
    const wait = new Promise((resolve) => setTimeout(resolve, 10_000));
    await Promise.race([late, wait]);
    await ports.psp.charge('another', 'between');
    await ports.psp.charge(id, 'second');
    return ports.psp.lookup(id);
  `),
  change,
);

test('the next call of a key waits for the one before it, that of another key does not', async () => {
  const faults = ['delay caller-0 · psp.charge (m1) · #1 · before apply · 45000 ms'];
  const run = await impatient.play({ commands: 1, faults });
  expect(resultOf(run)).toBe('m1 first');
  const calls = facts(run, 'port', { name: 'psp.charge' });
  expect(calls.map(({ args: [key, by] }) => [key, by]).slice(0, 3)).toEqual([
    ['another', 'between'],
    ['m1', 'first'],
    ['m1', 'second'],
  ]);
  expect(atMsOf(calls[1])).toBeGreaterThan(45_000);
});

const dies = await services(
  caller(`
    if (id === 'm1') {
      void ports.psp.charge(id, 'first');
      await ports.psp.charge('another', 'between');
    }
    await ports.psp.charge('m1', 'second');
    return ports.psp.lookup('m1');
  `),
  change,
);

test.each([
  ['is lost', '', 'm1 second'],
  ['lands before the next call of its key', ' · in flight arrives', 'm1 first'],
])('what was in flight at a crash %s', async (_fate, option, charged) => {
  const faults = [
    'delay caller-0 · psp.charge (m1) · #1 · before apply · 45000 ms',
    `crash caller-0 · psp.charge · #1 · before apply${option}`,
  ];
  const run = await dies.play({ commands: 2, faults });
  expect(run.fired).toEqual([0, 1]);
  expect(lifeOf(run, 'caller-0')).toEqual(['starts', 'ready', 'dies', 'starts', 'ready']);
  const [acked] = facts(run, 'command', { id: 'm2', state: 'acked' });
  expect(acked?.result).toBe(charged);
});

test("answers, refusals and facades are nobody else's: what is done to them stays there", async () => {
  const stage = await services(
    caller(`
      const charges = await ports.psp.charge(id, slot);
      charges.length = 0;
      const error = await ports.psp.charge('refused', slot).catch((each) => each);
      error.charges.push('forged');
      const tries = [
        () => { ports.psp = {}; },
        () => { ports.psp.charge = null; },
        () => { ports.psp.charge.last = id; },
      ].map((go) => { try { go(); return 'done'; } catch (each) { return each.name; } });
      return { tries, code: error.code, message: error.message, kept: await ports.psp.charge(id, slot) };
    `),
    change,
  );
  const run = await stage.play({ commands: 1 });
  expect(resultOf(run)).toEqual({
    tries: ['TypeError', 'TypeError', 'TypeError'],
    code: 'REFUSED',
    message: 'card refused',
    kept: ['m1 caller-0'],
  });
});
