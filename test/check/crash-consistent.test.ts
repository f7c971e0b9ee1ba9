/** CRASH-CONSISTENT: after a crash, the chapter's projections are what they are without one. */
import { describe, expect, test } from 'vitest';
import { crashFreeOf, judge, type Judgement } from '#check';
import type { ChapterDefinition, Moment } from '#kit';
import { greetings, history, rest, type Script } from './history.ts';

const distinct = ({ effects }: Moment): string[] =>
  [...new Set(effects.map(({ id }) => id))].toSorted();

function chapterWith(projections?: ChapterDefinition['flow']['projections']): ChapterDefinition {
  const { flow } = greetings();
  return greetings({
    properties: { 'crash-consistent': 'shared' },
    flow: { ...flow, ...(projections && { projections }) },
  });
}

const chapter = chapterWith({
  recorded: distinct,
  count: ({ effects }) => new Set(effects.map(({ id }) => id)).size,
});

const calm = history().publish('m1').publish('m2').done('m1').done('m2');
const crash = 'crash greeter-0 · sink.record (m1) · #1 · after apply';

function crashed(script: Script = history()): Script {
  return script.publish('m1').publish('m2').add({ kind: 'fault', index: 0, fault: crash });
}

function judged(script: Script, to: ChapterDefinition = chapter, reference = calm): Judgement {
  const crashFree = crashFreeOf(reference.facts, to);
  return judge(script.facts, to, rest, { everyMoment: true, crashFree });
}

test('accepts another order and copies, which the projections leave out', () => {
  const { findings, notJudged } = judged(crashed().done('m2').done('m1').done('m2'));
  expect([findings, notJudged]).toEqual([[], []]);
});

test('finds what is missing since the crash, and shows it', () => {
  const script = crashed().done('m1');
  const [finding] = judged(script).findings;
  const fault = script.facts.find(({ kind }) => kind === 'fault');
  expect(finding).toMatchObject({
    property: 'crash-consistent',
    sentence: 'Without the crash "m2" is in recorded; with it, it is not.',
    witnesses: [fault?.seq],
    signature: 'crash-consistent: recorded lacks something',
  });
});

test('finds what is there besides, also a copy where copies count', () => {
  const all = chapterWith({ recorded: ({ effects }) => effects.map(({ id }) => id) });
  const { findings } = judged(crashed().done('m1').done('m2').done('m2'), all);
  expect(findings.map(({ sentence }) => sentence)).toEqual([
    'With the crash "m2" is in recorded; without it, it is not.',
  ]);
});

test('finds another value, and another order where order counts', () => {
  const last = chapterWith({ last: ({ effects }) => effects.at(-1)?.id ?? null });
  const order = chapterWith({ order: ({ effects }) => effects.map(({ id }) => id) });
  const script = crashed().done('m2').done('m1');
  expect(judged(script, last).findings[0]?.sentence).toBe(
    'With the crash last is "m1"; without it, it is "m2".',
  );
  expect(judged(script, order).findings[0]?.sentence).toBe(
    'With the crash order is ["m2","m1"]; without it, it is ["m1","m2"].',
  );
});

describe('does not judge', () => {
  const bad = (script: Script): Script => script.done('m1');

  test.each([
    ['a run without a crash', bad(history().publish('m1').publish('m2'))],
    ['more than one fault', bad(crashed().add({ kind: 'fault', index: 1, fault: crash }))],
    ['a command that is unknown', bad(crashed().command('m3', 'sent').command('m3', 'unknown'))],
    ['another closing command', bad(crashed().publish('closing-1', 0, true))],
  ])('%s', (_name, script) => {
    expect(judged(script)).toMatchObject({ findings: [], notJudged: ['crash-consistent'] });
  });

  test('where nobody ran the same without a crash', () => {
    const { facts } = bad(crashed());
    const { findings, notJudged } = judge(facts, chapter, rest, { everyMoment: true });
    expect([findings, notJudged]).toEqual([[], ['crash-consistent']]);
  });

  test('by a calm run that cannot be compared with', () => {
    const unknown = history().publish('m1').command('m2', 'sent').command('m2', 'unknown');
    expect(crashFreeOf(unknown.facts, chapter)).toBeUndefined();
  });
});

test('a projection that fails is our trouble, never green', () => {
  const failing = chapterWith({
    recorded: ({ effects }) => {
      if (effects.length === 1) throw new Error('one is too few');
      return [];
    },
  });
  expect(judged(crashed().done('m1'), failing).unknown).toBe(
    "The chapter's flow.projections.recorded failed: Error: one is too few.",
  );
});
