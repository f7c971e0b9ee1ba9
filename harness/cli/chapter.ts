/**
 * `npm run chapter check [name]`: is a chapter whole, and does it prove what it says? `capture [name]`
 * makes the output its text shows. `new` is not there yet. npm keeps options
 * for itself: with options it is `npm run chapter -- check --seeds 4`.
 */
import { parseArgs } from 'node:util';
import { misused, runAndExit, type ExitCode } from './main.ts';

const options = {
  seeds: { type: 'string', default: '2' },
  'seed-base': { type: 'string' },
  schedules: { type: 'string' },
  sample: { type: 'string' },
  singles: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const example = 'npm run chapter -- check 1 --seeds 2 --schedules 400';

async function chapter(argv: readonly string[]): Promise<ExitCode> {
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch {
    const sentence =
      'The options are --seeds, --seed-base, --schedules, --sample, --singles and --json.';
    return misused({ kind: 'misuse', sentence, example });
  }
  const [action, name, ...others] = parsed.positionals;
  if (action === 'new') {
    const sentence = 'npm run chapter new is not there yet.';
    return misused({ kind: 'misuse', sentence, example: 'npm run chapter check' });
  }
  const swallowed = Object.keys(options).filter(
    (word) => word !== 'json' && process.env[`npm_config_${word.replaceAll('-', '_')}`],
  );
  if (swallowed.length > 0) {
    const sentence = 'npm keeps options for itself unless -- stands before them.';
    return misused({ kind: 'misuse', sentence, example });
  }
  if (action === 'capture' && others.length === 0) {
    const { capture } = await import('./capture.ts');
    return capture(name);
  }
  if (action !== 'check' || others.length > 0) {
    const sentence =
      action === 'check' ? 'Check one chapter, or all of them.' : 'What about the chapter?';
    return misused({ kind: 'misuse', sentence, example: 'npm run chapter check 1' });
  }
  const { seeds, 'seed-base': base, schedules, sample, singles, json } = parsed.values;
  const wrong = [seeds, base, schedules, sample, singles].find(
    (value) => value && !/^\d{1,10}$/.test(value),
  );
  if (wrong !== undefined) {
    return misused({ kind: 'misuse', sentence: `${wrong} is no whole number.`, example });
  }
  const { gate } = await import('./gate.ts');
  return gate({
    name,
    seeds: Math.max(1, Number(seeds)),
    ...(base !== undefined && { seedBase: Number(base) }),
    ...(schedules !== undefined && { schedules: Number(schedules) }),
    ...(sample !== undefined && { sample: Number(sample) }),
    ...(singles !== undefined && { singles: Number(singles) }),
    json,
  });
}

await runAndExit(() => chapter(process.argv.slice(2)));
