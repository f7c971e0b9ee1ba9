import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalSchedule, parseFault, parseHold, printFault, printHold, shrink } from '#schedule';
import type { Evidence, Fault, Hold, Schedule, Witness } from '#schedule';
import { exampleSchedule } from './chapter-one.ts';

function fault(text: string): Fault {
  const parsed = parseFault(text);
  if (!parsed.ok) throw new Error(parsed.sentence);
  return parsed.value;
}

function hold(text: string): Hold {
  const parsed = parseHold(text);
  if (!parsed.ok) throw new Error(parsed.sentence);
  return parsed.value;
}

const commands = (ids: readonly string[]): Schedule['commands'] =>
  ids.map((id) => ({ id, value: { id } }));

function scheduleOf(ids: readonly string[], faults: readonly string[] = []): Schedule {
  return { ...exampleSchedule, instances: {}, commands: commands(ids), faults: faults.map(fault) };
}

/** Everything strikes, and the schedule breaks something when `breaks` says so. */
function witnessOf(breaks: (schedule: Schedule) => boolean): Witness & { seen: string[] } {
  const seen: string[] = [];
  const witness = (schedule: Schedule): Promise<Evidence> => {
    seen.push(canonicalSchedule(schedule));
    return Promise.resolve({
      signature: breaks(schedule) ? 'no-loss m1' : undefined,
      fired: schedule.faults.map((_, index) => index),
      held: schedule.holds.map((_, index) => index),
    });
  };
  return Object.assign(witness, { seen });
}

const has = (schedule: Schedule, text: string): boolean =>
  schedule.faults.some((entry) => printFault(entry) === printFault(fault(text)));
const hasCommand = (schedule: Schedule, id: string): boolean =>
  schedule.commands.some((command) => command.id === id);

const crash = 'crash greeter-0 · sink.record (m1) · #1 · after apply';
const reject = 'reject greeter-0 · sink.record (m2) · #1 · before apply';
const stop = 'stop greeter-0 after command m3';

describe('shrinking', () => {
  test('keeps the one fault and the one command that matter', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `m${index}`);
    const witness = witnessOf((schedule) => has(schedule, crash) && hasCommand(schedule, 'm1'));
    const shrunk = await shrink(scheduleOf(ids, [stop, crash, reject]), witness, 'no-loss m1');
    expect(shrunk.minimal).toBe(true);
    expect(shrunk.schedule.faults.map(printFault)).toEqual([crash]);
    expect(shrunk.schedule.commands.map(({ id }) => id)).toEqual(['m1']);
    expect(shrunk.runs).toBe(witness.seen.length);
    expect(shrunk.runs).toBeLessThan(40);
  });

  test('what was seen when it was found is not run once more', async () => {
    const breaks = (schedule: Schedule): boolean => has(schedule, crash);
    const schedule = scheduleOf(['m1', 'm2'], [crash, reject]);
    const [again, trusting] = [witnessOf(breaks), witnessOf(breaks)];
    const found = await witnessOf(breaks)(schedule);
    const wanted = await shrink(schedule, again, 'no-loss m1');
    const shrunk = await shrink(schedule, trusting, 'no-loss m1', { found });
    expect(again.seen[0]).toBe(canonicalSchedule(schedule));
    expect(trusting.seen).toEqual(again.seen.slice(1));
    expect(shrunk).toEqual({ ...wanted, runs: wanted.runs - 1 });
  });

  test('keeps two faults that only fail together', async () => {
    const witness = witnessOf((schedule) => has(schedule, crash) && has(schedule, reject));
    const shrunk = await shrink(
      scheduleOf(['m1', 'm2', 'm3'], [crash, stop, reject]),
      witness,
      'no-loss m1',
    );
    expect(shrunk.schedule.faults.map(printFault)).toEqual([crash, reject]);
    expect(shrunk.schedule.commands.map(({ id }) => id)).toEqual(['m1', 'm2']);
    expect(shrunk.minimal).toBe(true);
  });

  test('executes each candidate once', async () => {
    const witness = witnessOf((schedule) => has(schedule, crash) && has(schedule, reject));
    await shrink(scheduleOf(['m1', 'm2', 'm3'], [crash, stop, reject]), witness, 'no-loss m1');
    expect(new Set(witness.seen).size).toBe(witness.seen.length);
  });

  test('drops faults and holds that never struck first, in one run', async () => {
    const schedule: Schedule = {
      ...scheduleOf(['m1'], [crash, reject, stop]),
      holds: [hold('hold greeter-0 . Fetch t until greeter-1 . Fetch t')],
    };
    const runs: number[] = [];
    const witness: Witness = (candidate) => {
      runs.push(candidate.faults.length + candidate.holds.length);
      const index = candidate.faults.findIndex((entry) => printFault(entry) === crash);
      return Promise.resolve({
        signature: index < 0 ? undefined : 'no-loss m1',
        fired: index < 0 ? [] : [index],
        held: [],
      });
    };
    const shrunk = await shrink(schedule, witness, 'no-loss m1');
    expect(runs.slice(0, 2)).toEqual([4, 1]);
    expect(shrunk.schedule.faults.map(printFault)).toEqual([crash]);
    expect(shrunk.schedule.holds).toEqual([]);
  });

  test('takes no other finding for this one', async () => {
    const witness: Witness = (candidate) =>
      Promise.resolve({
        signature: candidate.faults.length === 2 ? 'no-loss m1' : 'calm-exact m1',
        fired: candidate.faults.map((_, index) => index),
        held: [],
      });
    const shrunk = await shrink(scheduleOf(['m1', 'm2'], [crash, reject]), witness, 'no-loss m1');
    expect(shrunk.schedule.faults).toHaveLength(2);
    expect(shrunk.minimal).toBe(true);
  });

  test('a command that a fault names leaves only together with that fault', async () => {
    const witness = witnessOf(() => true);
    const named: boolean[] = [];
    const checked: Witness = (candidate) => {
      named.push(!has(candidate, reject) || hasCommand(candidate, 'm2'));
      return witness(candidate);
    };
    const shrunk = await shrink(scheduleOf(['m1', 'm2'], [reject]), checked, 'no-loss m1');
    expect(named.every(Boolean)).toBe(true);
    expect(shrunk.schedule).toMatchObject({ commands: [], faults: [], holds: [] });
  });

  test('a point about several commands goes on about those that are left', async () => {
    const batch = 'crash greeter-0 · OffsetCommit greeter (m1, m2) · #1 · after apply';
    const single = 'crash greeter-0 · OffsetCommit greeter (m2) · #1 · after apply';
    const witness = witnessOf((schedule) => has(schedule, batch) || has(schedule, single));
    const shrunk = await shrink(scheduleOf(['m1', 'm2'], [batch]), witness, 'no-loss m1');
    expect(shrunk.schedule.faults.map(printFault)).toEqual([single]);
    expect(shrunk.schedule.commands.map(({ id }) => id)).toEqual(['m2']);
  });

  test('instances, jitter, timing and options become usual where they do not matter', async () => {
    const schedule: Schedule = {
      ...scheduleOf(
        ['m1'],
        [
          `${crash} · in flight arrives`,
          'freeze greeter-0 · sink.record (m1) · #2 · before apply · 60000 ms',
        ],
      ),
      commands: [{ id: 'm1', value: {}, at: 'before start' }],
      instances: { greeter: 3, publisher: 2 },
      jitterMs: 50,
      markersMs: 0,
    };
    const witness = witnessOf(
      ({ faults, commands: sent, instances }) =>
        faults.length === 2 && sent.length === 1 && (instances['greeter'] ?? 1) > 1,
    );
    const shrunk = await shrink(schedule, witness, 'no-loss m1');
    expect(shrunk.schedule).toEqual({
      ...scheduleOf(['m1'], [crash, 'freeze greeter-0 · sink.record (m1) · #1 · 1500 ms']),
      commands: [{ id: 'm1', value: {} }],
      instances: { greeter: 2 },
    });
    expect(shrunk.minimal).toBe(true);
  });

  test('the slot that gets a call becomes the usual one, and a command keeps it', async () => {
    const schedule: Schedule = {
      ...scheduleOf(['m1', 'm2', 'm3']),
      commands: ['m1', 'm2', 'm3'].map((id) => ({ id, value: { id }, to: 'publisher-1' })),
    };
    const witness = witnessOf(({ commands: sent }) =>
      sent.some(({ id, to }) => id === 'm2' && to === 'publisher-1'),
    );
    const shrunk = await shrink(schedule, witness, 'no-loss m1');
    expect(shrunk.schedule.commands).toEqual([
      { id: 'm2', value: { id: 'm2' }, to: 'publisher-1' },
    ]);
    const harmless = await shrink(
      schedule,
      witnessOf(({ commands: all }) => all.length === 3),
      'no-loss m1',
    );
    expect(harmless.schedule.commands).toEqual(commands(['m1', 'm2', 'm3']));
  });

  test('a stop becomes a short one where its length does not matter', async () => {
    const schedule = scheduleOf(['m3'], [`${stop} · 180000 ms`]);
    const any = witnessOf(({ faults }) => faults.length === 1);
    const shrunk = await shrink(schedule, any, 'no-loss m1');
    expect(shrunk.schedule.faults.map(printFault)).toEqual([stop]);
    const long = witnessOf(({ faults: [only] }) => (only?.with?.ms ?? 0) > 45_000);
    const kept = await shrink(schedule, long, 'no-loss m1');
    expect(kept.schedule.faults.map(printFault)).toEqual([`${stop} · 180000 ms`]);
  });

  test('a hold that matters stays', async () => {
    const what = 'hold greeter-0 . Produce t (m1) until greeter-1 . Produce t (m2)';
    const other = 'hold greeter-0 . Fetch t until greeter-1 . Fetch t';
    const witness = witnessOf(({ holds }) => holds.map(printHold).includes(printHold(hold(what))));
    const schedule = { ...scheduleOf(['m1', 'm2', 'm3']), holds: [hold(other), hold(what)] };
    const shrunk = await shrink(schedule, witness, 'no-loss m1');
    expect(shrunk.schedule.holds).toEqual([hold(what)]);
    expect(shrunk.schedule.commands.map(({ id }) => id)).toEqual(['m1', 'm2']);
  });

  test('at its limit it is not minimal and returns what was seen failing', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `m${index}`);
    const failing = new Set<string>();
    const witness = witnessOf((schedule) => {
      const fails = ids.slice(0, 20).every((id) => hasCommand(schedule, id));
      if (fails) failing.add(canonicalSchedule(schedule));
      return fails;
    });
    const shrunk = await shrink(scheduleOf(ids), witness, 'no-loss m1', { runs: 6 });
    expect(shrunk).toMatchObject({ minimal: false, runs: 6 });
    expect(failing).toContain(canonicalSchedule(shrunk.schedule));
    const none = await shrink(scheduleOf(ids), witness, 'no-loss m1', { isOver: () => true });
    expect(none).toMatchObject({ minimal: false, runs: 0 });
  });

  test('a schedule that does not fail again is handed back, not minimal', async () => {
    const schedule = scheduleOf(['m1'], [crash]);
    const shrunk = await shrink(
      schedule,
      witnessOf(() => false),
      'no-loss m1',
    );
    expect(shrunk).toEqual({ schedule, runs: 1, minimal: false });
  });

  test('is 1-minimal for any failure, also where more can pass and less can fail', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const texts = ids.map((id) => `crash s-0 · call (${id}) · #1 · after apply`);
    // Any set of (faults, commands) may fail: a table of random bits, with the whole set among
    // them.
    const bits = fc.uint8Array({ minLength: 512, maxLength: 512 });
    await fc.assert(
      fc.asyncProperty(bits, async (table) => {
        const full = scheduleOf(ids, texts);
        const fails = (schedule: Schedule): boolean => {
          const inFaults = texts.map((text) => has(schedule, text));
          const inCommands = ids.map((id) => hasCommand(schedule, id));
          const all = [...inFaults, ...inCommands];
          const index = all.reduce((sum, bit, power) => sum + (bit ? 2 ** power : 0), 0);
          const bit = ((table[index >>> 3] ?? 0) >>> (index & 7)) & 1;
          return all.every(Boolean) || bit === 1;
        };
        const { schedule, minimal } = await shrink(full, witnessOf(fails), 'no-loss m1');
        expect(minimal).toBe(true);
        expect(fails(schedule)).toBe(true);
        for (const index of schedule.faults.keys()) {
          expect(fails({ ...schedule, faults: schedule.faults.toSpliced(index, 1) })).toBe(false);
        }
        for (const [index, { id }] of schedule.commands.entries()) {
          const named = schedule.faults.filter((entry) => !printFault(entry).includes(`(${id})`));
          const rest = schedule.commands.toSpliced(index, 1);
          expect(fails({ ...schedule, commands: rest, faults: named })).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('takes the same way every time', async () => {
    const schedule = scheduleOf(['m1', 'm2', 'm3'], [crash, stop, reject]);
    const once = witnessOf((candidate) => has(candidate, reject));
    const twice = witnessOf((candidate) => has(candidate, reject));
    await shrink(schedule, once, 'no-loss m1');
    await shrink(schedule, twice, 'no-loss m1');
    expect(once.seen).toEqual(twice.seen);
  });
});
