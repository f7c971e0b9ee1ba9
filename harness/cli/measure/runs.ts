/** What a simulated run costs: seconds for all single crashes, runs per second, heap per run. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadChapter, resolveChapter } from '#content';
import type { Schedule } from '#schedule';
import { openInProcess, type InProcess } from '#verify';
import { rounded, spread, type Spread } from './numbers.ts';

const name = '01-producer-consumer';

export async function openSubject(chapterName: string | number = name): Promise<InProcess> {
  const chapter = await loadChapter(await resolveChapter(chapterName));
  return openInProcess(chapter, [chapter.solutionPath]);
}

/** All level-1 crashes of the chapter's three messages, in this thread, once warm. */
export async function singleCrashes(
  subject: InProcess,
  rounds: number,
): Promise<{ schedules: number; wallSeconds: Spread; cpuSeconds: Spread }> {
  const schedules = await subject.crashes(subject.exampleWith([]));
  await runAll(subject, schedules);
  const walls: number[] = [];
  const cpus: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { wallMs, cpuMs } = await runAll(subject, schedules);
    walls.push(wallMs / 1_000);
    cpus.push(cpuMs / 1_000);
  }
  return { schedules: schedules.length, wallSeconds: spread(walls), cpuSeconds: spread(cpus) };
}

export interface Rate {
  readonly messages: number;
  /** One crash each; a dead member's session is waited out, every check is on. */
  readonly runs: number;
  readonly perSecondWall: number;
  readonly perSecondCpu: number;
  readonly fractionOfACore: number;
}

/** Five messages, one crash a run, shared libraries as while searching. */
export async function crashRate(subject: InProcess, rounds: number): Promise<Rate> {
  const schedules = await fiveMessages(subject);
  for (let warm = 0; warm < 3; warm++) await runAll(subject, schedules);
  let [wallMs, cpuMs] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const took = await runAll(subject, schedules);
    wallMs += took.wallMs;
    cpuMs += took.cpuMs;
  }
  const runs = rounds * schedules.length;
  return {
    messages: 5,
    runs,
    perSecondWall: rounded(runs / (wallMs / 1_000)),
    perSecondCpu: rounded(runs / (cpuMs / 1_000)),
    fractionOfACore: rounded(cpuMs / wallMs),
  };
}

export interface HeapGrowth {
  readonly runs: number;
  /** Between the first tenth, which warms up, and the end; after full collections. */
  readonly kbPerRun: number;
  readonly kbAfterWarmUp: number;
  readonly kbAtEnd: number;
}

export async function heapGrowth(
  subject: InProcess,
  runs: number,
  progress: (done: number) => void,
): Promise<HeapGrowth> {
  const schedules = await fiveMessages(subject);
  const warmUp = Math.ceil(runs / 10);
  const look = Math.ceil(runs / 10);
  let afterWarmUp = 0;
  for (let done = 0; done < runs; done++) {
    if (done === warmUp) afterWarmUp = await heapKb();
    if (done % look === 0) progress(done);
    await subject.run(schedules[done % schedules.length] as Schedule);
  }
  const atEnd = await heapKb();
  return {
    runs,
    kbPerRun: Math.round(((atEnd - afterWarmUp) / (runs - warmUp)) * 1_000) / 1_000,
    kbAfterWarmUp: Math.round(afterWarmUp),
    kbAtEnd: Math.round(atEnd),
  };
}

/** The example's commands, and as many like the first of them as are missing. */
async function fiveMessages(subject: InProcess): Promise<readonly Schedule[]> {
  const { example } = subject.definition.workload;
  const missing = ['more-1', 'more-2', 'more-3', 'more-4'].slice(example.length - 1);
  return subject.crashes(subject.exampleWith(missing.map((id) => ({ ...example[0], id }))));
}

async function runAll(
  subject: InProcess,
  schedules: readonly Schedule[],
): Promise<{ wallMs: number; cpuMs: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (const schedule of schedules) await subject.run(schedule);
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - start, cpuMs: (user + system) / 1_000 };
}

/** What weak references hold is only let go between turns of the event loop. */
async function heapKb(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round++) {
    await setImmediate();
    collect();
  }
  return process.memoryUsage().heapUsed / 1_024;
}
