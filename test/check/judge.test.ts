import { describe, expect, test } from 'vitest';
import { fold, judge, type Ending } from '#check';
import type { PropertyDefinition } from '#kit';
import { greeterUp, greetings, history, type Script, judging, rest, topic } from './history.ts';

const everyMoment = { everyMoment: true };

function own(broken: PropertyDefinition['broken'], when: PropertyDefinition['when'] = 'at rest') {
  return greetings({ properties: { own: { says: 'mine holds', when, broken } } });
}

describe('a run that cannot be judged', () => {
  test('a property that throws makes the verdict unknown', () => {
    const chapter = own(() => {
      throw new TypeError('rows is not iterable');
    });
    expect(judge(history().publish('m1').facts, chapter, rest, everyMoment)).toMatchObject({
      findings: [],
      notJudged: ['own'],
      unknown: "The chapter's property own failed: TypeError: rows is not iterable.",
    });
  });

  test('a property that answers nonsense makes the verdict unknown', () => {
    for (const answer of ['', false, null, {}, Promise.resolve(undefined)]) {
      const { unknown } = judge(
        [],
        own(() => answer as string),
        rest,
        everyMoment,
      );
      expect(unknown).toMatch(/^The chapter's property own failed/);
    }
  });

  test('effects that cannot be read make the verdict unknown', () => {
    const chapter = judging('no-loss', 'commit-safe');
    const broken = {
      ...chapter,
      flow: {
        ...chapter.flow,
        effects: ({ calls }: Parameters<typeof chapter.flow.effects>[0]) =>
          calls.map(({ args: [entry] }) => ({ id: (entry as { id: { deep: string } }).id.deep })),
      },
    };
    const args = [{}];
    const { facts } = history().add({
      kind: 'port',
      name: 'sink.record',
      args,
      outcome: 'applied',
      slot: 'greeter-0',
      incarnation: 1,
    });
    expect(judge(facts, broken, rest, everyMoment).unknown).toMatch(/flow\.effects failed/);
  });

  test('an unreadable record of ours makes it unknown, one of a service does not', () => {
    const garbage = { kind: 'append', topic, partition: 0, offset: 0, key: null } as const;
    const chapter = judging('no-loss');
    const ours = history().add({ ...garbage, value: 'garbage' });
    const theirs = history().add({ ...garbage, value: 'garbage', slot: 'publisher-0' });
    expect(judge(ours.facts, chapter, rest, everyMoment).unknown).toMatch(/flow\.id failed/);
    expect(judge(theirs.facts, chapter, rest, everyMoment).unknown).toBe(undefined);
  });

  test('what the simulation cannot replay is unknown and finds nothing', () => {
    const ending = {
      kind: 'uncontrolled',
      sentence: 'greeter.ts:3 opens a connection.',
      advice: 'Use a port.',
    } as const;
    const { facts } = greeterUp().publish('m1').commit(1);
    expect(judge(facts, judging('commit-safe', 'no-loss'), ending, everyMoment)).toEqual({
      findings: [],
      notes: [],
      notJudged: ['commit-safe', 'no-loss'],
      unknown: 'greeter.ts:3 opens a connection.',
    });
  });

  test('where not every moment was seen, what must always hold is not judged', () => {
    const { facts } = greeterUp().publish('m1').commit(1);
    const chapter = judging('commit-safe', 'no-loss');
    const { findings, notJudged } = judge(facts, chapter, rest, { everyMoment: false });
    expect(findings.map(({ property }) => property)).toEqual(['no-loss']);
    expect(notJudged).toEqual(['commit-safe']);
  });
});

describe('endings', () => {
  test('a service that does not stay up breaks what the engine itself requires', () => {
    const ending: Ending = {
      kind: 'service',
      property: 'stays-up',
      sentence: 'greeter-0 does not stay up: it ended 10 times in a row.',
    };
    const { facts } = greeterUp().publish('m1');
    const { findings, notJudged } = judge(facts, judging('no-loss'), ending, everyMoment);
    expect(findings).toMatchObject([
      {
        property: 'stays-up',
        sentence: 'greeter-0 does not stay up: it ended 10 times in a row.',
        witnesses: [5],
      },
    ]);
    expect(notJudged).toEqual(['no-loss']);
  });

  test('what never comes to rest is a finding also where the chapter asks for no progress', () => {
    const ending = { kind: 'horizon', waitsFor: 'something still changes' } as const;
    const { findings } = judge([], judging('calm-exact'), ending, everyMoment);
    expect(findings).toMatchObject([{ property: 'comes-to-rest' }]);
  });
});

describe('what must always hold', () => {
  test('a property of the chapter is asked at every moment until it breaks', () => {
    const seen: number[] = [];
    const chapter = own(({ calls, atMs }) => {
      seen.push(atMs);
      return calls.length > 0 ? { sentence: 'a call', witnesses: [1] } : undefined;
    }, 'always');
    const { facts } = history()
      .publish('m1')
      .deliver('greeter-0', [0])
      .fault('crash greeter-0')
      .done('m1')
      .commit(1);
    expect(judge(facts, chapter, rest, everyMoment).findings).toMatchObject([
      { sentence: 'a call', witnesses: [1], atSeq: 5 },
    ]);
    expect(seen).toEqual([0, 1, 2, 5]);
  });
});

describe('signatures', () => {
  const signature = (script: Script, chapter = judging('commit-safe')) =>
    judge(script.facts, chapter, rest, everyMoment).findings[0]?.signature;

  test('the same finding about another record has the same signature', () => {
    const first = signature(greeterUp().publish('m1').commit(1));
    const second = signature(greeterUp().publish('x7').done('x7').publish('x8').commit(2));
    expect(first).toBe('commit-safe: greeter greetings.v1');
    expect(second).toBe(first);
  });

  test('a sentence of the chapter is reduced to its words', () => {
    const says = (sentence: string) =>
      signature(
        history().publish('p1').publish('p2'),
        own(() => sentence),
      );
    expect(says('p1 and p2 were added twice: 60, not "30".')).toBe(
      'own: <name> were added twice: #, not <name>.',
    );
    expect(says('p2 were added twice: 7, not "3".')).toBe(
      says('p1, p2 were added twice: 1, not "a".'),
    );
    expect(says('p2 was forgotten.')).not.toBe(says('p2 was added twice.'));
  });
});

describe('the moment', () => {
  test('says what was folded, and nothing twice', () => {
    const { moment } = fold(
      greeterUp()
        .publish('m1')
        .command('m2', 'sent')
        .command('m2', 'unknown')
        .deliver('greeter-0', [0])
        .done('m1')
        .commit(1)
        .commit(0)
        .instance('greeter-0', 'frozen').facts,
      greetings(),
    );
    expect(moment.done.map(({ id }) => id)).toEqual(['m1']);
    expect(moment.unknown.map(({ id }) => id)).toEqual(['m2']);
    expect(moment.sent.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'm1 acked',
      'm2 unknown',
    ]);
    expect(moment.committed).toMatchObject([{ group: 'greeter', partition: 0, offset: 0 }]);
    expect(moment.topics[topic]?.committed).toMatchObject([{ command: 'm1', offset: 0 }]);
    expect(String(moment.topics[topic]?.committed[0]?.value)).toBe('{"id":"m1","body":"hello m1"}');
    expect(moment.effects).toEqual([{ id: 'm1', value: 'hello m1', seq: 9 }]);
    expect(moment.instances).toEqual([{ slot: 'greeter-0', incarnation: 1, state: 'frozen' }]);
    expect(moment.groups['greeter']?.members[0]?.slot).toBe('greeter-0');
    expect(moment).toMatchObject({ calm: true, restartedAtSeq: undefined, atMs: 12 });
  });

  test('a command that is acknowledged when it is sent once more is done, not unknown', () => {
    const { moment } = fold(
      history().command('m1', 'unknown').command('m1', 'sent').command('m1', 'acked').facts,
      greetings(),
    );
    expect([moment.done.length, moment.unknown.length, moment.sent.length]).toEqual([1, 0, 1]);
  });

  test('an old incarnation says nothing about the new one', () => {
    const { moment } = fold(
      history().instance('greeter-0#2', 'starts', 'ready').instance('greeter-0', 'dies').facts,
      greetings(),
    );
    expect(moment.instances).toEqual([{ slot: 'greeter-0', incarnation: 2, state: 'ready' }]);
  });

  test('an open transaction is visible to a read_uncommitted reader only', () => {
    const record = { kind: 'append', topic, partition: 0, offset: 0, key: null } as const;
    const value = '{"id":"m1"}';
    const { moment } = fold(
      history().add({ ...record, value, slot: 'relay-0', transactional: true }).facts,
      greetings(),
    );
    expect(moment.topics[topic]).toMatchObject({ committed: [], uncommitted: [{ command: 'm1' }] });
  });
});
