import { describe, expect, test } from 'vitest';
import {
  canonicalSchedule,
  crashPoints,
  parseFault,
  printFault,
  printHold,
  printPhasedPoint,
  printPlace,
  scaledSchedules,
  seconds,
  singles,
} from '#schedule';
import type { Candidate, ChapterFaults, Crossing, Family, Fault } from '#schedule';
import type { Level } from '#kit';
import { calmRun, chapterOne, exampleSchedule } from './chapter-one.ts';

const calm = calmRun();

function all(level: Level, chapter: ChapterFaults = chapterOne): readonly Candidate[] {
  return singles({ chapter, level, calm });
}

function faultsOf(candidates: readonly Candidate[], family?: Family): readonly string[] {
  return candidates
    .filter((candidate) => family === undefined || candidate.family === family)
    .map(({ schedule }) => schedule.faults.map(printFault).join(' + '));
}

function fault(text: string): Fault {
  const parsed = parseFault(text);
  if (!parsed.ok) throw new Error(parsed.sentence);
  return parsed.value;
}

describe('single faults of level 1', () => {
  test('a crash is tried at every crossing, once', () => {
    const crashes = faultsOf(all(1), 'crash');
    expect(crashes.toSorted()).toEqual(
      calm.crossings.map((crossing) => `crash ${printPhasedPoint(crossing)}`).toSorted(),
    );
    expect(crashPoints(calm.crossings, chapterOne)).toHaveLength(calm.crossings.length);
  });

  test('restarting everything at rest comes first, then what the sink rejects', () => {
    expect(faultsOf(all(1)).slice(0, 4)).toEqual([
      'restart everything at rest',
      'reject greeter-0 · sink.record (m1) · #1 · before apply',
      'reject greeter-0 · sink.record (m2) · #1 · before apply',
      'reject greeter-0 · sink.record (m3) · #1 · before apply',
    ]);
  });

  test('crashes around effects and commits come before all others', () => {
    const first = faultsOf(all(1), 'crash').slice(0, 18);
    expect(first.every((text) => /Produce|sink|OffsetCommit/.test(text))).toBe(true);
  });

  test('each kind of place is tried once before its likes', () => {
    const crashes = faultsOf(all(1), 'crash');
    expect(crashes.slice(0, 7)).toEqual([
      'crash publisher-0 · Produce greetings.v1 (m1) · #1 · before apply',
      'crash publisher-0 · Produce greetings.v1 (m1) · #1 · after apply',
      'crash greeter-0 · sink.record (m1) · #1 · before apply',
      'crash greeter-0 · sink.record (m1) · #1 · after apply',
      'crash greeter-0 · OffsetCommit greeter (m1) · #1 · before apply',
      'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply',
      'crash publisher-0 · Produce greetings.v1 (m2) · #1 · before apply',
    ]);
    const inOrder = faultsOf(all(2));
    const second = inOrder.indexOf(crashes[6] ?? '');
    const slept = inOrder.findIndex((text) => text.startsWith('freeze greeter-0 · Fetch'));
    expect(slept).toBeGreaterThan(-1);
    expect(slept).toBeLessThan(second);
  });

  test('every command is published again, at rest and after the next one', () => {
    expect(faultsOf(all(1), 'republish')).toEqual([
      'republish m1 at rest',
      'republish m1 after command m2',
      'republish m2 at rest',
      'republish m2 after command m3',
      'republish m3 at rest',
    ]);
  });

  test('the group goes back to each record below its committed offset', () => {
    expect(faultsOf(all(1), 'redeliver')).toEqual([
      'redeliver greeter greetings.v1/0 to 0 at rest',
      'redeliver greeter greetings.v1/0 to 1 at rest',
      'redeliver greeter greetings.v1/0 to 2 at rest',
    ]);
  });

  test('instances stop gracefully in the middle of their work, late and at rest', () => {
    const stops = faultsOf(all(1));
    expect(stops).toEqual(
      expect.arrayContaining([
        'stop greeter-0 · Fetch greetings.v1 (m1) · #1 · after apply',
        'stop greeter-0 · sink.record (m1) · #1 · after apply',
        'stop greeter-0 · OffsetCommit greeter (m1) · #1 · after apply',
        'stop greeter-0 before start',
        'stop greeter-0 after command m2',
        'restart publisher-0 at rest',
      ]),
    );
  });

  test('commands sent early or together are tried without a fault', () => {
    const timings = all(1).filter(({ family }) => family === 'timing');
    expect(timings.map(({ schedule }) => schedule.commands.map(({ at }) => at))).toEqual([
      ['before start', 'before start', 'before start'],
      [undefined, 'with previous', 'with previous'],
    ]);
  });

  test('nothing of level 2 is among them', () => {
    expect(faultsOf(all(1)).join('\n')).not.toMatch(/lose|cut|freeze|join|delay|error|in flight/);
  });
});

describe('single faults of level 2', () => {
  test('a request is lost before and a response after it applies, also of a port', () => {
    expect(faultsOf(all(2), 'lose request')).toContain(
      'lose-request publisher-0 · Produce greetings.v1 (m1) · #1 · before apply',
    );
    const timeOuts = faultsOf(all(2), 'time-out');
    expect(timeOuts).toContain('lose-response greeter-0 · sink.record (m1) · #1 · after apply');
    const lost = timeOuts.filter((fault) => fault.startsWith('lose-response'));
    expect([...lost, ...faultsOf(all(2), 'lose response')]).toHaveLength(
      calm.crossings.filter(({ phase }) => phase === 'after apply').length,
    );
  });

  test('where Kafka sends no answer, none is lost, late or an error', () => {
    const crossings = calm.crossings.map((crossing) =>
      crossing.point.operation === 'Produce' ? { ...crossing, answered: false as const } : crossing,
    );
    const found = singles({ chapter: chapterOne, level: 3, calm: { ...calm, crossings } });
    const kinds = found.flatMap(({ schedule }) =>
      schedule.faults
        .filter(({ place }) => printPlace(place).includes('Produce greetings.v1 (m1)'))
        .map(({ kind }) => kind),
    );
    expect(new Set(kinds)).toEqual(
      new Set(['crash', 'stop', 'lose-request', 'silence', 'freeze', 'cut']),
    );
  });

  test('a zombie sleeps longer than its session while a second instance joins', () => {
    const zombies = faultsOf(all(2), 'zombie');
    const place = 'greeter-0 · sink.record (m1) · #1 · before apply';
    expect(zombies).toContain(`freeze ${place} · 45000 ms + join greeter at ${place}`);
    expect(zombies).toContain(`cut ${place} · 45000 ms + join greeter at ${place}`);
    expect(zombies).toContain(
      'freeze publisher-0 · Produce greetings.v1 (m1) · #1 · before apply · 45000 ms',
    );
    expect(zombies).toHaveLength(2 * calm.crossings.length);
  });

  test('errors are those that a healthy Kafka may answer there', () => {
    const errors = faultsOf(all(2), 'error');
    const codesOf = (operation: string): string[] =>
      errors
        .filter((text) => text.includes(` ${operation} `))
        .filter((text) => text.includes('#1') && !/\(m[23]\)/.test(text))
        .map((text) => text.split(' · ').slice(-2).join(' '))
        .toSorted();
    expect(codesOf('Produce')).toEqual([
      'after apply NOT_ENOUGH_REPLICAS_AFTER_APPEND',
      'after apply REQUEST_TIMED_OUT',
      'before apply NOT_ENOUGH_REPLICAS',
      'before apply NOT_LEADER_OR_FOLLOWER',
    ]);
    expect(codesOf('FindCoordinator')).toEqual(['before apply COORDINATOR_NOT_AVAILABLE']);
    expect(codesOf('SyncGroup')).toEqual([
      'before apply NOT_COORDINATOR',
      'before apply REBALANCE_IN_PROGRESS',
    ]);
    expect(codesOf('Fetch')).toEqual(['after apply NOT_LEADER_OR_FOLLOWER']);
    const lies = /OFFSET_OUT_OF_RANGE|ILLEGAL_GENERATION|UNKNOWN_MEMBER_ID|OUT_OF_ORDER/;
    expect(errors.join('\n')).not.toMatch(lies);
  });

  test('a commit is told of a rebalance only when there is one', () => {
    const place = 'greeter-0 · OffsetCommit greeter (m1) · #1 · before apply';
    expect(faultsOf(all(2), 'error')).toContain(
      `rebalance greeter at ${place} + error ${place} · REBALANCE_IN_PROGRESS`,
    );
  });

  test('a second instance joins, and the group rebalances, at each delivery', () => {
    expect(faultsOf(all(2), 'join').filter((text) => text.includes('(m1)'))).toEqual([
      'join greeter at greeter-0 · Fetch greetings.v1 (m1) · #1 · after apply',
      'join greeter at greeter-0 · sink.record (m1) · #1 · before apply',
    ]);
    expect(faultsOf(all(2), 'rebalance')).toHaveLength(6);
  });

  test('bytes in flight arrive after a crash only where there are any', () => {
    expect(faultsOf(all(2), 'crash, bytes arrive')).toEqual(
      ['m1', 'm2', 'm3'].map(
        (id) =>
          `crash greeter-0 · OffsetCommit greeter (${id}) · #1 · before apply · in flight arrives`,
      ),
    );
  });

  test('two instances from the start meet every crash of theirs, by either name', () => {
    const pairs = all(2).filter(({ family }) => family === 'two instances');
    expect(pairs.every(({ schedule }) => schedule.instances['greeter'] === 2)).toBe(true);
    expect(faultsOf(pairs)).toContain(
      'crash greeter-1 · OffsetCommit greeter (m1) · #1 · before apply',
    );
    expect(faultsOf(pairs)[0]).toBe('');
    const families = all(2).map(({ family }) => family);
    expect(families.indexOf('two instances')).toBeLessThan(families.indexOf('republish'));
    expect(faultsOf(pairs).join('\n')).not.toContain('publisher');
  });

  test('a calm run with two instances replaces guessed names', () => {
    const [schedule] = scaledSchedules(calm, chapterOne);
    expect(schedule?.instances).toEqual({ publisher: 1, greeter: 2 });
    const scaled = [{ ...calm, schedule: schedule ?? exampleSchedule }];
    const found = singles({ chapter: chapterOne, level: 2, calm, scaled });
    const pairs = faultsOf(found, 'two instances');
    const greeters = calm.crossings.filter(({ point }) => point.slot.startsWith('greeter'));
    expect(pairs).toHaveLength(greeters.length + 1);
    expect(pairs.join('\n')).not.toContain('greeter-1');
  });

  test('a role that may have one instance only gets no second one', () => {
    const chapter: ChapterFaults = {
      ...chapterOne,
      roles: { ...chapterOne.roles, greeter: { file: 'greetings.ts', instances: [1, 1] } },
    };
    expect(faultsOf(all(2, chapter)).join('\n')).not.toContain('join');
    expect(faultsOf(all(2, chapter), 'two instances')).toEqual([]);
    expect(faultsOf(all(2, chapter), 'zombie')).not.toEqual([]);
  });
});

test('the families that come late take turns, and the early ones do not', () => {
  const families = all(2).map(({ family }) => family);
  const late = families.slice(families.lastIndexOf('long stop') + 1);
  expect(late.slice(0, new Set(late).size).toSorted()).toEqual([...new Set(late)].toSorted());
  expect(families.slice(0, -late.length)).not.toContain('error');
  const redeliveries = families.flatMap((family, index) => (family === 'redeliver' ? [index] : []));
  expect(redeliveries).toEqual(redeliveries.map((_, nth) => (redeliveries[0] ?? 0) + nth));
});

describe('single faults of level 3', () => {
  test('answers and requests vanish in silence at every Kafka crossing', () => {
    expect(faultsOf(all(3), 'silence')).toHaveLength(
      calm.crossings.filter(({ target }) => target === 'kafka').length,
    );
  });

  test('what crosses is held until each of the next crossings of other connections', () => {
    const holds = all(3)
      .filter(({ family }) => family === 'hold')
      .flatMap(({ schedule }) => schedule.holds.map(printHold));
    expect(holds).toContain(
      'hold publisher-0 · Produce greetings.v1 (m1) · #1 · after apply ' +
        'until greeter-0 · sink.record (m1) · #1 · before apply',
    );
    const own = /hold greeter-0 · sink.* until greeter-0 · sink/;
    expect(holds.filter((text) => own.test(text))).toEqual([]);
    const itself = /hold greeter-0 · Fetch .*\(m1\).* until greeter-0 · .*\(m1\)/;
    expect(holds.filter((text) => itself.test(text))).toEqual([]);
  });
});

test('what comes from one topic is held until the same order comes from another', () => {
  const fetch = (slot: string, topic: string, cause: string, index: number): Crossing => ({
    point: { slot, operation: 'Fetch', target: topic, cause: [cause], ordinal: 1 },
    phase: 'after apply',
    target: 'kafka',
    topics: [topic],
    atMs: index,
    index,
    inFlight: false,
  });
  const busy = Array.from({ length: 9 }, (_, n) => fetch(`other-${n}`, 'orders', 'm9', 10 + n));
  const crossings = [
    fetch('payment-0', 'orders', 'm1', 0),
    ...busy,
    fetch('order-0', 'orders', 'm1', 20),
    fetch('order-0', 'payments', 'm1', 21),
    fetch('inventory-0', 'payments', 'm2', 22),
  ];
  const chapter = { ...chapterOne, roles: {} };
  const calm = { schedule: { ...exampleSchedule, commands: [] }, crossings };
  const holds = singles({ chapter, level: 3, calm }).flatMap(({ schedule }) => schedule.holds);
  expect(holds.map(printHold)).toContain(
    'hold payment-0 · Fetch orders (m1) · #1 · after apply ' +
      'until order-0 · Fetch payments (m1) · #1 · after apply',
  );
});

test('of several services each is away for long once, also while commands go on', () => {
  const away = singles({ chapter: chapterOne, level: 2, calm }).filter(
    ({ family }) => family === 'long stop',
  );
  const faults = away.flatMap(({ schedule }) => schedule.faults.map(printFault));
  expect(faults).toContain('stop greeter-0 before start · 180000 ms');
  expect(faults).toContain('stop publisher-0 after command m1 · 180000 ms');
  const { greeter } = chapterOne.roles;
  const alone = { ...chapterOne, roles: { greeter } } as typeof chapterOne;
  const own = singles({ chapter: alone, level: 2, calm });
  expect(own.filter(({ family }) => family === 'long stop')).toEqual([]);
});

describe('every enumeration', () => {
  test.each([1, 2, 3] as const)('at level %i has no schedule twice and is repeatable', (level) => {
    const keys = all(level).map(({ schedule }) => canonicalSchedule(schedule));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).not.toContain(canonicalSchedule(exampleSchedule));
    expect(all(level)).toEqual(all(level));
  });

  test('contains the enumeration of the level below', () => {
    const keys = (level: Level): Set<string> =>
      new Set(all(level).map(({ schedule }) => canonicalSchedule(schedule)));
    expect(keys(1).isSubsetOf(keys(2))).toBe(true);
    expect(keys(2).isSubsetOf(keys(3))).toBe(true);
  });

  test('leaves out the kinds that mean nothing for the chapter', () => {
    const chapter: ChapterFaults = { ...chapterOne, without: ['redeliver', 'join', 'rebalance'] };
    expect(faultsOf(all(3, chapter)).join('\n')).not.toMatch(/redeliver|join|rebalance/);
    expect(faultsOf(all(3, chapter), 'crash')).toHaveLength(calm.crossings.length);
  });

  test('strikes nothing that is about a closing command', () => {
    const closing = { id: 'closing-1', value: { id: 'closing-1', body: '' } };
    const longer = calmRun({
      ...exampleSchedule,
      commands: [...exampleSchedule.commands, closing],
    });
    const found = singles({
      chapter: chapterOne,
      level: 2,
      calm: { ...longer, schedule: exampleSchedule },
    });
    expect(faultsOf(found).join('\n')).not.toContain('closing-1');
    expect(crashPoints(longer.crossings, chapterOne)).toHaveLength(calm.crossings.length);
  });
});

describe('second faults', () => {
  const first = fault('crash greeter-0 · sink.record (m2) · #1 · after apply');
  const schedule = { ...exampleSchedule, faults: [first] };
  const { crossings } = calmRun();
  const struck = crossings.findIndex(
    ({ point, phase }) =>
      point.operation === 'sink.record' && point.cause[0] === 'm2' && phase === 'after apply',
  );

  test('strike only after the first one did', () => {
    const found = seconds({ chapter: chapterOne, level: 1, first: schedule, crossings });
    expect(faultsOf(found, 'crash')).toHaveLength(crossings.length - struck - 1);
    expect(found.every(({ schedule: { faults } }) => faults[0] === first)).toBe(true);
    expect(found.every(({ schedule: { faults } }) => faults.length === 2)).toBe(true);
  });

  test('lose answers only from level 2 on', () => {
    const families = (level: Level): Set<string> =>
      new Set(
        seconds({ chapter: chapterOne, level, first: schedule, crossings }).map(
          ({ family }) => family,
        ),
      );
    expect(families(1)).toEqual(new Set(['crash', 'reject']));
    expect(families(2)).toEqual(new Set(['crash', 'reject', 'time-out', 'lose response']));
  });

  test('after a fault without a point begin where the history shows it', () => {
    const stop = { ...exampleSchedule, faults: [fault('stop greeter-0 after command m2')] };
    const input = { chapter: chapterOne, level: 1 as const, first: stop, crossings };
    expect(seconds(input)).toEqual([]);
    const last = crossings.at(-3)?.atMs ?? 0;
    const facts = [{ kind: 'fault', seq: 0, atMs: last, index: 0, fault: '' }] as const;
    expect(faultsOf(seconds({ ...input, facts }), 'crash')).toHaveLength(2);
  });

  test('of a first fault that never struck there are none', () => {
    const never = { ...exampleSchedule, faults: [fault('crash greeter-0 · sink.record (m9)')] };
    expect(seconds({ chapter: chapterOne, level: 2, first: never, crossings })).toEqual([]);
  });
});
