import { describe, expect, test } from 'vitest';
import { judge, type Ending, type Fact } from '#check';
import { greeterUp, history, judging, rest, topic } from './history.ts';

const chapter = judging('progress');
const judged = (facts: readonly Fact[], ending: Ending = rest) =>
  judge(facts, chapter, ending, { everyMoment: true });
const sentences = (facts: readonly Fact[]) =>
  judged(facts).findings.map(({ sentence }) => sentence);

describe('progress', () => {
  test('a record that is done and not committed is a finding', () => {
    const { facts } = greeterUp().publish('m1').deliver('greeter-0', [0]).done('m1').commit(0);
    expect(sentences(facts)).toEqual([
      'Group greeter stays at 0 on greetings.v1/0: m1 (offset 0) is done, yet not committed.',
    ]);
  });

  test('a record that is delivered again each time says how often', () => {
    const run = greeterUp().publish('m1').deliver('greeter-0', [0]).deliver('greeter-0', [0]);
    expect(sentences(run.facts)[0]).toMatch(/m1 \(offset 0\) is neither done nor committed\.$/);
    run.deliver('greeter-0', [0]).deliver('stranger-0', [0]);
    expect(sentences(run.facts)[0]).toMatch(
      /is neither done nor committed, though it was delivered 3 times\.$/,
    );
  });

  test('a record that nobody reads is a finding that says so', () => {
    const { facts } = history().instance('greeter-0', 'starts', 'ready').publish('m1', 1);
    expect(sentences(facts)).toEqual([
      'Group greeter has committed nothing on greetings.v1/1, which nobody reads: ' +
        'm1 (offset 0) is neither done nor committed.',
    ]);
  });

  test('an owner whose slot is not known still reads', () => {
    const { facts } = greeterUp()
      .add({
        kind: 'assign',
        group: 'greeter',
        generation: 2,
        members: [{ memberId: 'somebody', partitions: [{ topic: 'greetings.v1', partition: 0 }] }],
      })
      .publish('m1');
    expect(sentences(facts)[0]).not.toContain('nobody reads');
  });

  test('a record about no command has to be passed too', () => {
    expect(sentences(greeterUp().receipt().facts)).toEqual([
      'Group greeter has committed nothing on greetings.v1/0: ' +
        'the record at offset 0 is not committed.',
    ]);
  });

  test('committed −1 is 0: fine on an empty partition, not on one with records', () => {
    expect(sentences(greeterUp().commit(-1).commit(-2, 1).facts)).toEqual([]);
    expect(sentences(greeterUp().publish('m1').commit(-1).facts)).toHaveLength(1);
  });

  test('a committed offset past the last visible record holds, gaps and markers and all', () => {
    expect(sentences(greeterUp().publish('m1').done('m1').commit(3).facts)).toEqual([]);
  });

  test('a consumer that died in a living process is named with its error', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .deliver('greeter-0', [0])
      .crashLogged('greeter-0', 'SyntaxError: Unexpected token b\n    at readGreeting')
      .assign(2, {});
    expect(sentences(facts)).toEqual([
      'greeter-0 is alive but its consumer died of SyntaxError: Unexpected token b and nobody ' +
        'restarted it; on greetings.v1/0 m1 (offset 0) waits.',
    ]);
  });

  test('a consumer that came back is not called dead', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .crashLogged('greeter-0', 'Error: sink is down')
      .assign(2, { 'greeter-0': [0, 1] });
    expect(sentences(facts)[0]).toMatch(/^Group greeter has committed nothing/);
  });

  test('neither is one that its client is about to restart, until it crashes for good', () => {
    const recovering = () =>
      greeterUp()
        .publish('m1')
        .crashLogged('greeter-0', 'KafkaJSNumberOfRetriesExceeded: sink is down')
        .restartLogged('greeter-0')
        .assign(2, {});
    expect(sentences(recovering().facts)[0]).not.toContain('nobody restarted it');
    const { facts } = recovering().crashLogged('greeter-0', 'SyntaxError: no greeting');
    expect(sentences(facts)[0]).toContain(
      'died of SyntaxError: no greeting and nobody restarted it',
    );
  });

  test('a process that ended with its consumer is not called alive', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .crashLogged('greeter-0', 'Error: sink is down')
      .instance('greeter-0', 'exits')
      .assign(2, {});
    expect(sentences(facts)[0]).toMatch(/which nobody reads/);
  });

  test('at the horizon the sentence says what was waited for', () => {
    const ending = { kind: 'horizon', waitsFor: 'm1 has not been answered by publisher' } as const;
    expect(judged(greeterUp().publish('m1').facts, ending).findings).toMatchObject([
      {
        sentence: expect.stringMatching(
          /committed\. Ten minutes later: m1 has not been answered by publisher\.$/,
        ) as string,
      },
    ]);
  });

  test('whoever never comes to rest breaks it, though everything is committed', () => {
    const ending = { kind: 'horizon', waitsFor: 'greeter-0 commits again and again' } as const;
    const { findings } = judged(greeterUp().publish('m1').commit(1).facts, ending);
    expect(findings).toMatchObject([
      {
        property: 'progress',
        sentence: 'It does not come to rest. Ten minutes later: greeter-0 commits again and again.',
      },
    ]);
  });
});

describe('the excuse of a lost last commit', () => {
  const delivered = () => greeterUp().publish('m1').deliver('greeter-0', [0]).done('m1');

  test('a commit that a fault took is excused and noted', () => {
    const { facts } = delivered().commitRequest(['m1'], ['arrived', 'fault', 'lost']);
    expect(judged(facts)).toMatchObject({
      findings: [],
      notes: [
        'The commit of m1 by greeter-0 on greetings.v1/0 got lost and was not repeated; nothing ' +
          'came after it, so group greeter stays at 0 there.',
      ],
    });
  });

  test('so is one that a fault answered with an error', () => {
    const { facts } = delivered().commitRequest(
      ['m1'],
      ['arrived', 'fault', 'lost', 'answered'],
      'NOT_COORDINATOR',
    );
    expect(judged(facts).findings).toEqual([]);
  });

  test('not when the broker itself refused it', () => {
    const { facts } = delivered().commitRequest(
      ['m1'],
      ['arrived', 'answered'],
      'UNKNOWN_MEMBER_ID',
    );
    expect(judged(facts).findings).toHaveLength(1);
  });

  test('not when there never was a commit', () => {
    const { facts } = delivered().fault('lose-request greeter-0 · Heartbeat', 'request');
    expect(judged(facts).findings).toHaveLength(1);
  });

  test('not when a record came afterwards: the client had another chance', () => {
    const { facts } = delivered()
      .commitRequest(['m1'], ['arrived', 'fault', 'lost'])
      .publish('m2')
      .deliver('greeter-0', [1])
      .done('m2');
    expect(judged(facts).findings).toHaveLength(1);
  });

  test('a delivery to somebody of another group is no chance for this one', () => {
    const elsewhere = {
      slot: 'auditor-0',
      memberId: 'auditor',
      partitions: [{ topic, partition: 0 }],
    };
    const { facts } = delivered()
      .add({ kind: 'assign', group: 'auditors', generation: 1, members: [elsewhere] })
      .commitRequest(['m1'], ['arrived', 'fault', 'lost'])
      .deliver('auditor-0', [0]);
    expect(judged(facts).findings).toEqual([]);
  });

  test('not when the work itself is not done', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .deliver('greeter-0', [0])
      .commitRequest(['m1'], ['arrived', 'fault', 'lost']);
    expect(judged(facts).findings).toHaveLength(1);
  });

  test('not when it was about an earlier record', () => {
    const { facts } = greeterUp()
      .publish('m1')
      .publish('m2')
      .deliver('greeter-0', [0, 1])
      .done('m1')
      .done('m2')
      .commitRequest(['m1'], ['arrived', 'fault', 'lost']);
    expect(judged(facts).findings).toHaveLength(1);
  });

  test('not when the process that lost it is gone', () => {
    const { facts } = delivered()
      .commitRequest(['m1'], ['arrived', 'fault', 'lost'])
      .instance('greeter-0', 'dies')
      .instance('greeter-0#2', 'starts', 'ready')
      .assign(2, { 'greeter-0': [0, 1] });
    expect(judged(facts).findings).toHaveLength(1);
  });

  test('one excused partition does not hide another that is behind', () => {
    const { facts } = delivered()
      .commitRequest(['m1'], ['arrived', 'fault', 'lost'])
      .publish('m2', 1);
    const { findings, notes } = judged(facts);
    expect(findings[0]?.sentence).toContain('greetings.v1/1');
    expect(notes).toHaveLength(1);
  });
});
