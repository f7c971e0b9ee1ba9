import { expect, test } from 'vitest';
import { loadChapter, projectRoot, resolveChapter } from '#content';
import { check, type Report, type ReportFinding } from '#verify';
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

/** All singles were tried, yet some hard moments never came. */
const unproven: Report = {
  ...held,
  verdict: 'unknown',
  certificate: {
    level: 2,
    crashPoints: { tried: 3, of: 3 },
    singles: { tried: 9, of: 9 },
    seconds: { tried: 0, of: 4 },
    random: 0,
    unfired: 0,
    distinct: 9,
    sometimes: {},
    never: ['zombies', 'lost answers'],
    untried: [],
    repeatedFresh: 1,
  },
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
  const unknown = { sentence: 'It read the clock.', advice: 'Use Date.now.', code: [] };
  const { outcome, text } = judge({ ...held, verdict: 'unknown', unknown }, 'no-loss', tested);
  expect(outcome).toBe('failed');
  expect(text).toContain('It read the clock.');
});

test('a check that had too little time is skipped and says so', async () => {
  const { folder, solutionPath } = await loadChapter(await resolveChapter('00-first-crash'));
  const folders = [solutionPath];
  const report = await check({
    root: projectRoot,
    chapter: folder,
    folders,
    budgetMs: 1,
    remember: false,
  });
  expect(report.verdict).toBe('unknown');
  expect(judge(report, 'no-loss')).toEqual({
    outcome: 'skipped',
    text: report.unknown?.sentence,
  });
});

test('so is one in which hard moments had no time to happen', () => {
  const { text, outcome } = judge({ ...unproven, seconds: 61 }, 'no-loss', tested);
  expect(outcome).toBe('skipped');
  expect(text).toContain('zombies, lost answers');
});

test('where there was time for them and they did not happen, it is red', () => {
  expect(judge({ ...unproven, seconds: 20 }, 'no-loss', tested).outcome).toBe('failed');
});

test('a property is green where the whole check held', () => {
  expect(judge(held, 'no-loss', tested).outcome).toBe('passed');
});

test("the client's fault does not fail a learner", () => {
  const clients: Report = { ...held, findings: [{ ...noLoss, blame: 'client' }] };
  expect(judge(clients, 'no-loss', tested).outcome).toBe('passed');
});
