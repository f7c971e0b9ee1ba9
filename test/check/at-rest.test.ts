import { describe, expect, test } from 'vitest';
import { judge, type Fact } from '#check';
import type { ChapterDefinition } from '#kit';
import { greeterUp, greetings, history, judging, rest, topic } from './history.ts';

const found = (facts: readonly Fact[], chapter: ChapterDefinition) =>
  judge(facts, chapter, rest, { everyMoment: true }).findings;

describe('no-loss', () => {
  const chapter = judging('no-loss');

  test('an acknowledged command that was stored and never done is a finding', () => {
    expect(found(greeterUp().publish('m1').facts, chapter)).toMatchObject([
      {
        sentence: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
        witnesses: [5, 4],
      },
    ]);
  });

  test('an acknowledged command that was not even stored says so', () => {
    const { facts } = history().command('m1', 'sent').command('m1', 'acked');
    expect(found(facts, chapter)[0]?.sentence).toBe(
      'm1 was acknowledged, yet no record of it is visible and it was never done.',
    );
  });

  test('others that were lost too are named after the first', () => {
    const { facts } = history().publish('m1').publish('m2').publish('m3').done('m1');
    expect(found(facts, chapter)[0]?.sentence).toContain('The same is true of m3.');
  });

  test('a consumer that died in a living process is named', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .crashLogged('greeter-0', "TypeError: Cannot read properties of undefined (reading 'id')")
      .assign(2, {});
    expect(found(facts, chapter)[0]?.sentence).toBe(
      'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done. ' +
        'greeter-0 is alive but its consumer died of TypeError; nobody restarted it.',
    );
  });

  test('a consumer that its client is about to restart is not called dead', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .crashLogged('greeter-0', 'KafkaJSNumberOfRetriesExceeded: sink is down')
      .restartLogged('greeter-0')
      .assign(2, {});
    expect(found(facts, chapter)[0]?.sentence).toBe(
      'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    );
  });

  test('one effect is enough, and so are two', () => {
    const { facts } = history().publish('m1').done('m1').publish('m2').done('m2').done('m2');
    expect(found(facts, chapter)).toEqual([]);
  });

  test('a closing command must be done as well', () => {
    expect(found(history().publish('closing-1', 0, true).facts, chapter)).toHaveLength(1);
  });

  test('a documented skip is no loss', () => {
    const flow = { ...chapter.flow, skip: () => 'it is too old' };
    expect(found(history().publish('m1').facts, { ...chapter, flow })).toEqual([]);
  });
});

describe('idle-restart', () => {
  const chapter = judging('idle-restart');
  const restart = 'restart everything at rest';
  const calm = () =>
    greeterUp().publish('m1').deliver('greeter-0', [0]).done('m1').commit(1).fault(restart);

  test('what was done before the restart must not be done again after it', () => {
    const { facts } = calm().deliver('greeter-0#2', [0]).done('m1', 'greeter-0#2');
    expect(found(facts, chapter)).toMatchObject([
      {
        sentence: 'm1 was done, everything was at rest, and after a restart it was done again.',
        witnesses: [7, 9, 11],
      },
    ]);
  });

  test('a record may be delivered again when nothing comes of it', () => {
    expect(found(calm().deliver('greeter-0#2', [0]).facts, chapter)).toEqual([]);
  });

  test('closing commands after the restart do not count, however often they are done', () => {
    const { facts } = calm().publish('closing-1', 0, true).done('closing-1').done('closing-1');
    expect(found(facts, chapter)).toEqual([]);
  });

  test('a run without such a restart is not judged', () => {
    const { facts } = greeterUp().publish('m1').done('m1').fault('crash greeter-0').done('m1');
    const { findings, notJudged } = judge(facts, chapter, rest, { everyMoment: true });
    expect({ findings, notJudged }).toEqual({ findings: [], notJudged: ['idle-restart'] });
  });

  test('a fault after the restart may do things again', () => {
    const { facts } = calm().fault('redeliver greeter greetings.v1/0 to 0').done('m1');
    expect(judge(facts, chapter, rest, { everyMoment: true }).notJudged).toEqual(['idle-restart']);
  });

  test('a restart is no excuse for a partition whose last commit was lost before it', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .deliver('greeter-0', [0])
      .done('m1')
      .commitRequest(['m1'], ['arrived', 'fault', 'lost'])
      .fault(restart)
      .done('m1', 'greeter-0#2');
    expect(found(facts, chapter)).toEqual([]);
  });
});

describe('calm-exact', () => {
  const chapter = judging('calm-exact');

  test('two effects in a calm run are a finding', () => {
    const { facts } = greeterUp().publish('m1').deliver('greeter-0', [0]).done('m1').done('m1');
    expect(found(facts, chapter)).toMatchObject([
      { sentence: 'Nothing went wrong, yet m1 was done twice.', witnesses: [7, 8] },
    ]);
  });

  test('no effect in a calm run is a finding', () => {
    expect(found(greeterUp().publish('m1').facts, chapter)).toMatchObject([
      { sentence: 'Nothing went wrong, yet m1 was not done.' },
    ]);
  });

  test('a command that is refused in a calm run is a finding that says why', () => {
    const refused = greeterUp().command('m1', 'sent').command('m1', 'unknown', false, 'no topic');
    expect(found(refused.facts, chapter)).toMatchObject([
      { sentence: 'Nothing went wrong, yet m1 was not acknowledged: no topic.', witnesses: [4] },
    ]);
    const done = greeterUp().command('m1', 'sent').done('m1').command('m1', 'unknown');
    expect(found(done.facts, chapter)).toEqual([]);
  });

  test('after a fault, duplicates are allowed', () => {
    const { facts } = greeterUp().publish('m1').fault('crash greeter-0').done('m1').done('m1');
    const { findings, notJudged } = judge(facts, chapter, rest, { everyMoment: true });
    expect({ findings, notJudged }).toEqual({ findings: [], notJudged: ['calm-exact'] });
  });

  test('a second generation after the first delivered record is no calm run', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .deliver('greeter-0', [0])
      .assign(2, { 'greeter-0': [0], 'greeter-1': [1] })
      .done('m1')
      .done('m1');
    expect(judge(facts, chapter, rest, { everyMoment: true }).notJudged).toEqual(['calm-exact']);
  });

  test('a second generation before anything was delivered still is', () => {
    const { facts } = greeterUp()
      .assign(2, { 'greeter-0': [0], 'greeter-1': [1] })
      .publish('m1')
      .done('m1')
      .done('m1');
    expect(found(facts, chapter)).toHaveLength(1);
  });

  test('an unknown command may be done or not', () => {
    const { facts } = greeterUp().command('m1', 'sent').append('m1').command('m1', 'unknown');
    expect(found(facts, chapter)).toEqual([]);
  });
});

describe('key-order', () => {
  const chapter = judging('key-order');

  test('a later record of the same key that is done first is a finding', () => {
    const { facts } = history().publish('m1').publish('m2').done('m2').done('m1');
    expect(found(facts, chapter)).toMatchObject([
      {
        sentence:
          'm2 (offset 1) was done before m1 (offset 0), ' +
          'which stands before it on greetings.v1/0 under the same key.',
      },
    ]);
  });

  test('only first occurrences count: a redelivered batch is in order', () => {
    const { facts } = history()
      .publish('m1')
      .publish('m2')
      .fault('crash greeter-0')
      .done('m1')
      .done('m2')
      .done('m1')
      .done('m2');
    expect(found(facts, chapter)).toEqual([]);
  });

  test('a copy of a record at a later offset moves nothing', () => {
    const { facts } = history().publish('m1').publish('m2').append('m1').done('m1').done('m2');
    expect(found(facts, chapter)).toEqual([]);
  });

  test('different keys and different partitions have no order between them', () => {
    const { facts } = history()
      .append('m1', 0, 'publisher-0', 'a')
      .append('m2', 0, 'publisher-0', 'b')
      .append('m3', 1, 'publisher-0', 'a')
      .done('m3')
      .done('m2')
      .done('m1');
    expect(found(facts, chapter)).toEqual([]);
  });

  test('the chapter may say which key counts', () => {
    const flow = { ...chapter.flow, key: (command: object) => String('id' in command) };
    const { facts } = history()
      .command('m1', 'sent')
      .command('m2', 'sent')
      .append('m1', 0, 'publisher-0', 'a')
      .append('m2', 0, 'publisher-0', 'b')
      .done('m2')
      .done('m1');
    expect(found(facts, { ...chapter, flow })).toHaveLength(1);
  });
});

test('a chapter that declares a property of its own at rest is asked once, at the end', () => {
  let asked = 0;
  const chapter = greetings({
    properties: {
      counted: {
        says: 'every call counts',
        when: 'at rest',
        broken: ({ calls, topics }) => {
          asked += 1;
          return `${calls.length} calls, ${topics[topic]?.committed.length ?? 0} records`;
        },
      },
    },
  });
  const [finding] = found(history().publish('m1').done('m1').facts, chapter);
  expect(finding).toMatchObject({
    property: 'counted',
    says: 'every call counts',
    sentence: '1 calls, 1 records',
    witnesses: [],
  });
  expect(asked).toBe(1);
});
