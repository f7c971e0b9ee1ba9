/**
 * `npm run proof`: what takes too long for every commit. Each section alone or all of them:
 *
 *   npm run proof -- [mutants] [services] [hashes] [coverage] [contention] [reset] [orphans]
 *                    [heap] [hostile] [kafkajs] [differential]
 *                    [--seeds 20] [--schedules 2000] [--count 1000] [--runs 20000]
 *                    [--frames 1000000] [--sequences 10000]
 *                    [--kafkajs folder [--kafka host:port,host:port,host:port]]
 *                    [--chapter 1 --chapter 15] [--seed-base n] [--save]
 *
 * `kafkajs` runs that client's own tests against this broker, held against Apache Kafka; it needs
 * the client's source (tag v2.2.4 with `npm install` done in it) and is skipped without. `--kafka`
 * takes the baseline anew, on three nodes with the ids 0, 1, 2.
 *
 * `differential` plays random sequences on this broker and on Apache Kafka, which it starts itself
 * where java and mvn are.
 *
 * `services` tries all single faults with the first seed and --schedules in all; the other seeds
 * share half as many again, mixes only.
 *
 * `--chapter` keeps mutants, services, hashes and coverage to these chapters.
 *
 * `--save` writes one section of docs/proof.json for each; what was kept to chapters has sections
 * of its own (`mutants 15`). Exit: 0 all of it held, 1 not.
 */
import { parseArgs } from 'node:util';
import { misused, runAndExit, type ExitCode } from './main.ts';
import { isKept, keepSection } from './measure/ledger.ts';
import { seedBase } from './seeds.ts';

const options = {
  seeds: { type: 'string', default: '20' },
  schedules: { type: 'string', default: '2000' },
  count: { type: 'string', default: '1000' },
  runs: { type: 'string', default: '20000' },
  frames: { type: 'string', default: '1000000' },
  sequences: { type: 'string', default: '10000' },
  kafkajs: { type: 'string' },
  kafka: { type: 'string' },
  chapter: { type: 'string', multiple: true },
  'seed-base': { type: 'string' },
  save: { type: 'boolean', default: false },
} as const;

/** What `--chapter` keeps to some chapters. */
const byChapter = new Set(['mutants', 'services', 'hashes', 'coverage']);

const example = 'npm run proof -- hashes --count 100';

async function proof(args: string[]): Promise<ExitCode> {
  const { sections } = await import('./measure/proofs.ts');
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch {
    const sentence = `The options are --${Object.keys(options).join(', --')}.`;
    return misused({ kind: 'misuse', sentence, example });
  }
  const { values, positionals } = parsed;
  const names = positionals.length === 0 ? Object.keys(sections) : positionals;
  const unknown = names.find((name) => !Object.hasOwn(sections, name));
  if (unknown !== undefined) {
    const sentence = `There is no proof ${unknown}; there are ${Object.keys(sections).join(', ')}.`;
    return misused({ kind: 'misuse', sentence, example });
  }
  const { save, kafkajs, kafka, chapter: chapters = [], ...numbers } = values;
  const wrong = Object.values(numbers).find((value) => !/^[1-9]\d{0,9}$/.test(value));
  if (wrong !== undefined) {
    return misused({ kind: 'misuse', sentence: `${wrong} is no whole number.`, example });
  }
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const wanted = {
    seeds: Number(values.seeds),
    schedules: Number(values.schedules),
    count: Number(values.count),
    runs: Number(values.runs),
    frames: Number(values.frames),
    sequences: Number(values.sequences),
    chapters,
    seedBase: Number(values['seed-base'] ?? seedBase()),
    kafkajs,
    kafka,
    say,
  };
  let held = true;
  for (const name of names) {
    say(`${name} · seed base ${wanted.seedBase}`);
    const start = performance.now();
    const result = await sections[name as keyof typeof sections](wanted);
    const seconds = Math.round((performance.now() - start) / 1_000);
    held &&= result.held;
    const mark = result.skipped ? '–' : result.held ? '✓' : '✗';
    say(`${mark} ${name}: ${result.says} · ${seconds} s`);
    const section = byChapter.has(name) ? [name, ...chapters].join(' ') : name;
    if (save && !(result.skipped === true && isKept(section))) {
      const { held: well, says, figures } = result;
      const { seedBase: base } = wanted;
      keepSection(section, { held: well, says, seconds, seedBase: base, ...figures });
    }
  }
  return held ? 0 : 1;
}

await runAndExit(() => proof(process.argv.slice(2)));
