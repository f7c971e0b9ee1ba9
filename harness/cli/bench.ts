/**
 * `npm run bench`: how fast it is, as medians and ratios, beside what the machine is and does.
 * Nothing here is asserted: timings of a shared machine are no test.
 *
 *   npm run bench -- [--quick] [--json] [--save]
 *
 * `--quick` measures less of each; `--save` writes the section `bench` of docs/proof.json. Left
 * out: installing, the browser, a comparison with another broker.
 */
import { parseArgs } from 'node:util';
import type { Json } from '#kernel';
import { misused, runAndExit, type ExitCode } from './main.ts';
import { brokerStart, firstRed } from './measure/cold.ts';
import { keepSection, machine } from './measure/ledger.ts';
import type { Spread } from './measure/numbers.ts';
import { databaseChapter } from './measure/orphans.ts';
import { crashRate, heapGrowth, openSubject, singleCrashes } from './measure/runs.ts';

const options = {
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  save: { type: 'boolean', default: false },
} as const;

async function bench(args: string[]): Promise<ExitCode> {
  let wanted;
  try {
    wanted = parseArgs({ args, options }).values;
  } catch {
    const sentence = 'The options are --quick, --json and --save.';
    return misused({ kind: 'misuse', sentence, example: 'npm run bench -- --quick' });
  }
  const { quick, json, save } = wanted;
  const say = json ? () => {} : (line: string) => void process.stdout.write(`${line}\n`);
  const result: Record<string, Json> = {};
  const keep = (key: string, value: object, line: string): void => {
    result[key] = value as Json;
    say(line);
  };
  const { cores, processor, node, loadAverage } = machine();
  say(`${cores} cores, ${processor}, Node ${node}, load ${loadAverage.join(' ')}`);

  const broker = await brokerStart(quick ? 5 : 21);
  keep('brokerStartMs', broker, `broker start                    ${show(broker)} ms`);
  const red = await firstRed(quick ? 3 : 11);
  keep('firstRedMs', red, `first red, the command          ${show(red.command)} ms`);
  say(`first red, npm test 1           ${show(red.npmTest)} ms`);
  say(`first red, nothing compiled yet ${red.nothingCompiledYet} ms`);
  const subject = await openSubject();
  const singles = await singleCrashes(subject, quick ? 3 : 11);
  keep(
    'singleCrashes',
    singles,
    `${singles.schedules} single crashes, 3 messages   ${show(singles.wallSeconds)} s wall, ` +
      `${singles.cpuSeconds.median} s CPU`,
  );
  const rate = await crashRate(subject, quick ? 5 : 30);
  keep(
    'crashRuns',
    rate,
    `crash runs, 5 messages          ${rate.perSecondWall} per second, ${rate.perSecondCpu} per ` +
      `second of CPU (one thread, ${rate.runs} runs)`,
  );
  const databaseRows = await withDatabase(quick);
  for (const [key, value, line] of databaseRows) keep(key, value, line);
  const heap = await heapGrowth(subject, quick ? 2_000 : 20_000, (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r  heap ${done} runs`);
  });
  keep(
    'heap',
    heap,
    `heap growth                     ${heap.kbPerRun} KB per run, ${heap.runs} runs`,
  );
  if (json) {
    const all = { version: 1, machine: machine(), ...result };
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  }
  if (save) keepSection('bench', result);
  return 0;
}

/** The same with a PostgreSQL, where a chapter has tables. */
async function withDatabase(quick: boolean): Promise<readonly [string, object, string][]> {
  const number = await databaseChapter();
  if (number === undefined) return [];
  const subject = await openSubject(number);
  try {
    const singles = await singleCrashes(subject, quick ? 2 : 7);
    const rate = await crashRate(subject, quick ? 2 : 10);
    return [
      [
        'singleCrashesWithDatabase',
        singles,
        `${singles.schedules} crashes with PostgreSQL      ${show(singles.wallSeconds)} s wall, ` +
          `${singles.cpuSeconds.median} s CPU (chapter ${number})`,
      ],
      [
        'crashRunsWithDatabase',
        rate,
        `crash runs with PostgreSQL      ${rate.perSecondWall} per second, ${rate.perSecondCpu} ` +
          `per second of CPU (one thread and its server, ${rate.runs} runs)`,
      ],
    ];
  } finally {
    await subject.close();
  }
}

function show({ median, min, max }: Spread): string {
  return `${median} (${min} to ${max})`;
}

await runAndExit(() => bench(process.argv.slice(2)));
