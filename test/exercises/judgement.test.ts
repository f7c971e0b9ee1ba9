import { expect, test } from 'vitest';
import type { Report, ReportFinding } from '#verify';
import { judge } from './exercise-tests.ts';

const tested = ['no-loss', 'progress'];

const noLoss: ReportFinding = {
  id: 'k3',
  property: 'no-loss',
  says: 'every command that was acknowledged is done',
  sentence: 'm1 was never done.',
  witnesses: [],
  blame: 'service',
  schedule: {
    format: 1,
    chapter: '01-producer-consumer',
    seed: 1,
    instances: {},
    commands: [],
    faults: [],
    holds: [],
  },
  faults: ['crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply'],
  replay: 'npx crash 1 --replay k3',
  minimal: true,
  shrinkRuns: 1,
  history: [],
  ending: { kind: 'rest' },
  traceHash: '',
  code: [],
  think: 'Which line comes first?',
  confirmed: true,
};

const held: Report = {
  version: 1,
  chapter: '01-producer-consumer',
  title: 'Producer and consumer',
  promise: 'Every greeting is recorded.',
  level: 2,
  verdict: 'holds',
  findings: [],
  held: tested,
  notes: [],
  world: 'simulated',
  notJudged: [],
  runs: 1,
  seconds: 1,
  seed: 42,
};

const broken: Report = { ...held, verdict: 'broken', findings: [noLoss], held: ['progress'] };

test('a broken property fails with its sentence, its faults and the command that shows it again', () => {
  const { outcome, text } = judge(broken, 'no-loss', tested);
  expect(outcome).toBe('failed');
  for (const part of [noLoss.says, noLoss.sentence, noLoss.faults[0], noLoss.replay]) {
    expect(text).toContain(part);
  }
});

test('a property that the search had not come to is skipped, never green', () => {
  expect(judge(broken, 'progress', tested)).toEqual({
    outcome: 'skipped',
    text: 'not judged yet: no-loss broke first',
  });
});

test('a finding that no test stands for turns every test red', () => {
  expect(judge(broken, 'progress', ['progress']).outcome).toBe('failed');
});

test('an unknown verdict is red and says why', () => {
  const unknown = { sentence: 'The time was over.', advice: 'Give it more.', code: [] };
  const { outcome, text } = judge({ ...held, verdict: 'unknown', unknown }, 'no-loss', tested);
  expect(outcome).toBe('failed');
  expect(text).toContain('The time was over.');
});

test('a property is green where the whole check held', () => {
  expect(judge(held, 'no-loss', tested).outcome).toBe('passed');
});

test("the client's fault does not fail a learner", () => {
  const clients: Report = { ...held, findings: [{ ...noLoss, blame: 'client' }] };
  expect(judge(clients, 'no-loss', tested).outcome).toBe('passed');
});
