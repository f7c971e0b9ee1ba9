import { describe, expect, test } from 'vitest';
import {
  canonicalSchedule,
  createGenerator,
  faultTrouble,
  isIdleRestart,
  pointKey,
} from '#schedule';
import type { Level } from '#kit';
import type { Fault, Schedule } from '#schedule';
import { calmRun, chapterOne, exampleSchedule } from './chapter-one.ts';

const calm = calmRun();

function draw(level: 1 | 2 | 3, count: number, seed = 7): readonly Schedule[] {
  const generate = createGenerator({ chapter: chapterOne, level, calm });
  return Array.from({ length: count }, (_, index) => generate(seed, index));
}

/**
 * Whether the undisturbed run of these commands passes the place: what can be said without a world.
 */
function names(schedule: Schedule): (fault: Fault) => boolean {
  const crossed = new Set(
    calmRun(schedule).crossings.map(({ point, phase }) => pointKey(point, phase)),
  );
  const commands = new Set(schedule.commands.map(({ id }) => id));
  return ({ place }) => {
    if (typeof place === 'string') return true;
    return 'after' in place
      ? commands.has(place.after)
      : crossed.has(pointKey(place.point, place.phase));
  };
}

describe('random schedules', () => {
  test('are the same for the same seed and index, whatever was drawn before', () => {
    const all = draw(2, 40);
    const generate = createGenerator({ chapter: chapterOne, level: 2, calm });
    for (const index of [39, 3, 17, 3]) {
      expect(canonicalSchedule(generate(7, index))).toBe(canonicalSchedule(all[index] as Schedule));
    }
  });

  test('differ by index and by seed', () => {
    const keys = [...draw(2, 200), ...draw(2, 200, 8)].map(canonicalSchedule);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('have commands of the chapter, up to three faults each and now and then none', () => {
    const all = draw(1, 300);
    const counts = new Set(all.map(({ faults }) => faults.length));
    expect(counts).toEqual(new Set([0, 1, 2, 3]));
    expect(all.every(({ commands }) => commands.every(({ id }) => /^g\d+$/.test(id)))).toBe(true);
  });

  test('place most faults where the run of these commands passes', () => {
    for (const level of [1, 2, 3] as const) {
      const faults = draw(level, 400).flatMap((schedule) => {
        const passes = names(schedule);
        return schedule.faults.map(passes);
      });
      expect(faults.filter(Boolean).length / faults.length).toBeGreaterThan(0.6);
    }
  });

  test('use every family of faults, in holds and instances only from level 2 on', () => {
    const kinds = (level: Level): Set<string> =>
      new Set(draw(level, 500).flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    expect(kinds(1)).toEqual(
      new Set(['crash', 'reject', 'stop', 'restart', 'redeliver', 'republish']),
    );
    const more = ['lose-request', 'lose-response', 'error', 'delay', 'cut', 'freeze', 'join'];
    for (const kind of [...more, 'rebalance']) expect(kinds(2)).toContain(kind);
    expect(draw(1, 200).every(({ holds }) => holds.length === 0)).toBe(true);
    expect(draw(2, 200).some(({ holds }) => holds.length > 0)).toBe(true);
    expect(draw(1, 200).every(({ instances }) => instances['greeter'] === 1)).toBe(true);
    const greeters = new Set(draw(2, 200).map(({ instances }) => instances['greeter']));
    expect(greeters).toEqual(new Set([1, 2, 3]));
  });

  test('choose from level 2 on who of several gets a call', () => {
    const publisher = { file: 'greetings.ts', instances: [1, 2] } as const;
    const chapter = { ...chapterOne, roles: { ...chapterOne.roles, publisher } };
    const drawn = (level: Level): readonly Schedule[] => {
      const generate = createGenerator({ chapter, level, calm });
      return Array.from({ length: 200 }, (_, index) => generate(7, index));
    };
    const chosen = (all: readonly Schedule[]): Set<string | undefined> =>
      new Set(all.flatMap(({ commands }) => commands.map(({ to }) => to)));
    const two = drawn(2).filter(({ instances }) => instances['publisher'] === 2);
    expect(chosen(two)).toEqual(new Set([undefined, 'publisher-1']));
    const one = drawn(2).filter(({ instances }) => instances['publisher'] !== 2);
    expect(chosen([...one, ...drawn(1)])).toEqual(new Set([undefined]));
  });

  test('vary timing and jitter', () => {
    const all = draw(2, 300);
    const timings = new Set(all.flatMap(({ commands }) => commands.map(({ at }) => at)));
    expect(timings).toEqual(new Set([undefined, 'with previous', 'before start']));
    expect(all.some(({ jitterMs }) => (jitterMs ?? 0) > 0)).toBe(true);
    expect(all.every(({ commands }) => commands[0]?.at !== 'with previous')).toBe(true);
  });

  test('are well-formed, name only their own commands and never skip a record', () => {
    for (const schedule of draw(3, 400)) {
      const own = new Set(schedule.commands.map(({ id }) => id));
      for (const { kind, place, on, with: options } of schedule.faults) {
        expect(
          faultTrouble({ kind, place, ...(on && { on }), ...(options && { with: options }) }),
        ).toBeUndefined();
        if (typeof place === 'object' && 'point' in place) {
          expect(place.point.cause.every((id) => own.has(id))).toBe(true);
        }
        if (kind === 'republish') expect(own.has(on ?? '')).toBe(true);
        if (kind === 'redeliver') expect(options?.offset).toBe(0);
      }
    }
  });

  test('leave a restart at rest alone, for other faults leave things to be done again', () => {
    const idle = draw(2, 500).filter(({ faults }) => faults.some(isIdleRestart));
    expect(idle.length).toBeGreaterThan(0);
    expect(idle.every(({ faults }) => faults.length === 1)).toBe(true);
  });

  test('leave out the kinds that mean nothing for the chapter', () => {
    const chapter = { ...chapterOne, without: ['crash', 'redeliver'] as const };
    const generate = createGenerator({ chapter, level: 1, calm });
    const kinds = Array.from({ length: 200 }, (_, index) => generate(1, index)).flatMap(
      ({ faults }) => faults.map(({ kind }) => kind),
    );
    expect(kinds).toContain('reject');
    expect(kinds).not.toContain('crash');
    expect(kinds).not.toContain('redeliver');
  });

  test('keep the chapter of the calm run and seed each run by itself', () => {
    const all = draw(2, 50);
    expect(all.every(({ chapter }) => chapter === exampleSchedule.chapter)).toBe(true);
    expect(new Set(all.map(({ seed }) => seed)).size).toBe(50);
  });
});
