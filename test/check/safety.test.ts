import { describe, expect, test } from 'vitest';
import { judge, type Fact } from '#check';
import type { ChapterDefinition } from '#kit';
import { greeterUp, greetings, history, judging, rest } from './history.ts';

const found = (facts: readonly Fact[], chapter: ChapterDefinition) =>
  judge(facts, chapter, rest, { everyMoment: true }).findings;

describe('commit-safe', () => {
  const chapter = judging('commit-safe');

  test('a commit before the effect is a finding, witnessed by commit and record', () => {
    const { facts } = greeterUp().publish('m1').deliver('greeter-0', [0]).commit(1);
    expect(found(facts, chapter)).toMatchObject([
      {
        property: 'commit-safe',
        sentence: 'greeter-0 committed 1 on greetings.v1/0, yet m1 (offset 0) was not done.',
        witnesses: [4, 7],
        atSeq: 7,
      },
    ]);
  });

  test('a loss that heals before rest is a finding all the same', () => {
    const { facts } = greeterUp().publish('m1').commit(1).done('m1');
    expect(found(facts, chapter)).toMatchObject([{ property: 'commit-safe', atSeq: 6 }]);
  });

  test('a commit after the effect holds, and so does one that goes backwards', () => {
    const { facts } = greeterUp().publish('m1').done('m1').commit(1).commit(0);
    expect(found(facts, chapter)).toEqual([]);
  });

  test('committed −1 and −2 promise nothing', () => {
    const { facts } = greeterUp().publish('m1').commit(-1).publish('m2').commit(-2);
    expect(found(facts, chapter)).toEqual([]);
  });

  test('a record about no command needs no effect', () => {
    expect(found(greeterUp().receipt().commit(1).facts, chapter)).toEqual([]);
  });

  test('a documented skip needs no effect', () => {
    const { flow, properties } = chapter;
    const skipping = greetings({ properties, flow: { ...flow, skip: () => 'it is too old' } });
    expect(found(greeterUp().publish('m1').commit(1).facts, skipping)).toEqual([]);
  });

  test('a group that the chapter does not judge may commit what it likes', () => {
    const { facts } = greeterUp().publish('m1').commit(1, 0, 'audit');
    expect(found(facts, chapter)).toEqual([]);
  });

  test('a rejected call is no effect', () => {
    const { facts } = greeterUp().publish('m1').rejected('m1').commit(1);
    expect(found(facts, chapter)).toHaveLength(1);
  });

  test('a commit beyond the end of the log is broken by the next record below it', () => {
    const { facts } = greeterUp().publish('m1').done('m1').commit(2).publish('m2');
    expect(found(facts, chapter)).toMatchObject([{ atSeq: 9, witnesses: [9, 7] }]);
  });

  test('a record of an unknown command needs its effect like any other', () => {
    const unknown = () => greeterUp().command('m1', 'sent').append('m1').command('m1', 'unknown');
    expect(found(unknown().facts, chapter)).toEqual([]);
    expect(found(unknown().commit(1).facts, chapter)).toHaveLength(1);
    expect(found(unknown().done('m1').commit(1).facts, chapter)).toEqual([]);
  });

  test('only the first breach is reported', () => {
    const { facts } = greeterUp().publish('m1').commit(1).publish('m2').commit(2);
    expect(found(facts, chapter)).toHaveLength(1);
  });
});

describe('no-invention', () => {
  const chapter = judging('no-invention');

  test('an effect that nobody asked for is a finding', () => {
    expect(found(history().publish('m1').done('m9').facts, chapter)).toMatchObject([
      { sentence: 'm9 was done, yet nobody asked for it.', witnesses: [3], atSeq: 3 },
    ]);
  });

  test('an effect with another value is a finding that shows both', () => {
    const { facts } = history().publish('m1').done('m1', 'greeter-0', 'bye');
    expect(found(facts, chapter)).toMatchObject([
      { sentence: 'm1 was done with "bye", yet it was sent with "hello m1".', witnesses: [0, 3] },
    ]);
  });

  test('long values are shown from where they differ, in whole characters', () => {
    const body = `${'😀'.repeat(80)}hello${'!'.repeat(50)}`;
    const says = { ...chapter, flow: { ...chapter.flow, value: () => body } };
    const { facts } = history().publish('m1').done('m1', 'greeter-0', '😀'.repeat(80));
    expect(found(facts, says)[0]?.sentence).toBe(
      `m1 was done with "…${'😀'.repeat(20)}", ` +
        `yet it was sent with "…${'😀'.repeat(20)}hello${'!'.repeat(35)}…".`,
    );
  });

  test('an effect of an unknown command holds, and so does its absence', () => {
    const unknown = () => history().command('m1', 'sent').command('m1', 'unknown');
    expect(found(unknown().done('m1').facts, chapter)).toEqual([]);
    expect(found(unknown().facts, judging('no-invention', 'no-loss'))).toEqual([]);
  });

  test('a second effect of one command is no invention', () => {
    expect(found(history().publish('m1').done('m1').done('m1').facts, chapter)).toEqual([]);
  });

  test('values are not compared where the chapter does not say what they must be', () => {
    const { value: _, ...flow } = chapter.flow;
    const { facts } = history().publish('m1').done('m1', 'greeter-0', 'bye');
    expect(found(facts, { ...chapter, flow })).toEqual([]);
  });

  test('an effect without a name never puts our words on the screen', () => {
    const args = [{ body: 'hello' }];
    const nameless = { kind: 'port', name: 'sink.record', args, outcome: 'applied' } as const;
    const { facts } = history().add({ ...nameless, slot: 'greeter-0', incarnation: 1 });
    expect(found(facts, chapter)[0]?.sentence).toBe(
      'Something without a name was done, yet nobody asked for it.',
    );
  });
});
