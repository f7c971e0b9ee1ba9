import { describe, expect, test } from 'vitest';
import { nearest } from '#schedule';
import { parseArguments, type Command, type Misuse } from '../../harness/cli/arguments.ts';
import { mangledByNpm } from '../../harness/cli/npm-flags.ts';

const parse = (line: readonly string[]): Command | Misuse => parseArguments(line, nearest);

const defaults = {
  watch: false,
  full: false,
  calm: false,
  coverage: false,
  verify: false,
  debug: false,
  back: 0,
  plain: false,
  solution: false,
  json: false,
  faults: [],
  from: [],
  world: 'simulated',
};

describe('what a command line asks for', () => {
  test.each<readonly [string[], object]>([
    [['1'], {}],
    [['1', '--watch'], { watch: true }],
    [['--level', '2', '1'], { level: 2 }],
    [['1', '--seed=7', '--runs', '0'], { seed: 7, runs: 0 }],
    [['1', '--budget', '30s'], { budgetMs: 30_000 }],
    [['1', '--budget', '500ms'], { budgetMs: 500 }],
    [['1', '--budget', '1.5m'], { budgetMs: 90_000 }],
    [['1', '--budget', '20'], { budgetMs: 20_000 }],
    [['1', '--replay', 'k3', '--calm', '--full'], { replay: 'k3', calm: true, full: true }],
    [['1', '--fault', 'crash a', '--fault', 'stop b'], { faults: ['crash a', 'stop b'] }],
    [['1', '--from', 'a', '--from', 'b', '--solution'], { from: ['a', 'b'], solution: true }],
    [['1', '--replay', 'k3', '--debug', '--back', '2'], { replay: 'k3', debug: true, back: 2 }],
    [['1', '--coverage', '--verify'], { coverage: true, verify: true }],
    [['1', '--sarif', 'out.sarif'], { sarif: 'out.sarif' }],
    [['1', '--json', '--plain'], { json: true, plain: true }],
    [['1', '--world', 'live', '--broker', 'h:9092'], { world: 'live', broker: 'h:9092' }],
    [['1', '--seed', '-1'.slice(1)], { seed: 1 }],
  ])('%j', (line, wanted) => {
    expect(parse(line)).toEqual({
      kind: 'check',
      chapter: '1',
      options: { ...defaults, ...wanted },
    });
  });

  test.each([[[]], [['--help']], [['1', '--help']]])('%j is help', (line) => {
    expect(parse(line)).toEqual({ kind: 'help' });
  });

  test('a name is as good as a number, and reset is a command', () => {
    expect(parse(['producer-consumer'])).toMatchObject({ chapter: 'producer-consumer' });
    expect(parse(['reset', '1'])).toEqual({ kind: 'reset', chapter: '1' });
  });
});

describe('what cannot be meant gets one sentence and one right example', () => {
  test.each<readonly [string[], string, string]>([
    [['1', '--sed', '7'], 'There is no option --sed; did you mean --seed?', 'npx crash 1 --seed 7'],
    [['1', '--zebra'], 'There is no option --zebra.', 'npx crash --help'],
    [['1', '-w'], 'There is no option -w.', 'npx crash --help'],
    [['1', '--constructor'], 'There is no option --constructor.', 'npx crash --help'],
    [['1', '--debug'], '--debug stops at a fault: say which.', 'npx crash 1 --replay k1 --debug'],
    [['1', '--back', '1'], '--back goes with --debug.', 'npx crash 1 --replay k1 --debug --back 1'],
    [['1', '--verify'], '--verify goes with --coverage.', 'npx crash 1 --coverage --verify'],
    [
      ['1', '--coverage', '--replay', 'k3'],
      '--coverage tries every moment in simulation: it does not go with --replay.',
      'npx crash 1 --coverage',
    ],
    [
      ['1', '--calm', '--runs', '9'],
      '--calm runs one schedule and searches nothing: it does not go with --runs.',
      'npx crash 1 --runs 9',
    ],
    [
      ['1', '--replay', 'k1', '--runs', '9'],
      '--replay runs one schedule and searches nothing: it does not go with --runs.',
      'npx crash 1 --runs 9',
    ],
    [['1', '--seed'], '--seed needs a value.', 'npx crash 1 --seed 7'],
    [['1', '--seed', '--watch'], '--seed needs a value.', 'npx crash 1 --seed 7'],
    [['1', '--seed='], '--seed needs a value.', 'npx crash 1 --seed 7'],
    [['1', '--seed', '1e3'], '--seed takes a whole number, not 1e3.', 'npx crash 1 --seed 7'],
    [
      ['1', '--seed', '4294967296'],
      '--seed takes a whole number, not 4294967296.',
      'npx crash 1 --seed 7',
    ],
    [['1', '--level', '4'], '--level takes 1, 2 or 3, not 4.', 'npx crash 1 --level 2'],
    [
      ['1', '--budget', '0'],
      '--budget takes a time such as 30s or 2m, not 0.',
      'npx crash 1 --budget 30s',
    ],
    [['1', '--watch=yes'], '--watch takes no value.', 'npx crash 1 --watch'],
    [['1', '--seed', '1', '--seed', '2'], '--seed was given twice.', 'npx crash 1 --seed 2'],
    [['1', '7'], 'One chapter at a time: 1, or 7?', 'npx crash 1'],
    [['--seed', '7'], 'Which chapter?', 'npx crash 1 --seed 7'],
    [['reset'], 'Reset which chapter?', 'npx crash reset 1'],
    [['reset', '1', '--full'], 'Reset takes one chapter and no options.', 'npx crash reset 1'],
    [
      ['1', '--json', '--watch'],
      '--json prints one object and --watch goes on: choose one.',
      'npx crash 1 --json',
    ],
    [
      ['1', '--replay', 'k3', '--fault', 'crash a'],
      'A saved schedule has its own faults: --replay or --fault, not both.',
      'npx crash 1 --replay k3',
    ],
    [
      ['1', '--fault', 'crash a', '--fault', 'b', '--fault', 'c'],
      'Place at most two faults by hand.',
      "npx crash 1 --fault 'crash a'",
    ],
    [
      ['1', '--broker', 'h:1'],
      '--broker goes with --world live.',
      'npx crash 1 --world live --broker h:1',
    ],
    [
      ['1', '--world', 'flat'],
      '--world is simulated or live, not flat.',
      'npx crash 1 --world live',
    ],
  ])('%j', (line, sentence, example) => {
    expect(parse(line)).toEqual({ kind: 'misuse', sentence, example });
  });

  test('each example is right itself', () => {
    for (const line of [['1', '--sed', '7'], ['1', '--level', '9'], ['1', '2'], ['--full']]) {
      const wrong = parse(line);
      const example = wrong.kind === 'misuse' ? wrong.example : '';
      expect(parse(example.split(' ').slice(2)).kind).toBe('check');
    }
  });
});

describe('options that npm kept for itself', () => {
  test.each<readonly [string, string[], Record<string, string>, string | undefined]>([
    ['npm test 15 --seed 7', ['15', '7'], { seed: 'true' }, 'npx crash 15 --seed 7'],
    ['npm test 15 --seed=7', ['15'], { seed: '7' }, 'npx crash 15 --seed 7'],
    ['npm test 15 --watch', ['15'], { watch: 'true' }, 'npx crash 15 --watch'],
    ['npm test --watch 15', ['15'], { watch: 'true' }, 'npx crash 15 --watch'],
    ['npm test 15 --replay k3', ['15', 'k3'], { replay: 'true' }, 'npx crash 15 --replay k3'],
    [
      "npm test 15 --fault 'crash x' --level 2",
      ['15', 'crash x', '2'],
      { level: 'true', fault: 'true' },
      "npx crash 15 --level 2 --fault 'crash x'",
    ],
    [
      'npm test 15 --from a --from b',
      ['15', 'a', 'b'],
      { from: 'true\n\ntrue' },
      'npx crash 15 --from a --from b',
    ],
    ['without a trace', ['15', '7'], {}, 'npx crash 15 --seed 7'],
    ['npm test --watch', [], { watch: 'true' }, 'npx crash 1 --watch'],
    ['npm test 15', ['15'], {}, undefined],
    ['npm test', [], {}, undefined],
    ['npm test, json in .npmrc', [], { json: 'true' }, undefined],
    ['npm test 15 --json', ['15'], { json: 'true' }, 'npx crash 15 --json'],
    ['npm test -- 15 --seed 7', ['15', '--seed', '7'], {}, undefined],
  ])('%s', (_typed, argv, kept, example) => {
    const env = Object.fromEntries(
      Object.entries(kept).map(([name, value]) => [`npm_config_${name}`, value]),
    );
    expect(mangledByNpm(argv, env)?.example).toBe(example);
  });
});
