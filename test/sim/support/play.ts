/**
 * Runs one schedule of a small service, or of chapter 1's solution, in this very thread, and hands
 * out what the run recorded. Places and faults are written in the one notation.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { Fact, RunRecord } from '#check';
import { parseFault, parseHold, parsePhasedPoint } from '#schedule';
import type { Fault, FaultOptions, Parsed, Schedule, ScheduledCommand } from '#schedule';
import { bundle, createLoader, type Bundle } from '#sim';
import type { ChapterDefinition } from '#kit';
import { producerConsumer } from '../../../chapters/01-producer-consumer/chapter.ts';
import { course } from './course.ts';
import { runSchedule, type Run, type Ways } from './run.ts';

export type { Run };

export interface Plot extends Ways {
  /** In the one notation; objects where an option has no words. */
  readonly faults?: readonly (string | Fault)[];
  readonly holds?: readonly string[];
  /** How many commands, or the commands themselves. */
  readonly commands?: number | readonly ScheduledCommand[];
  readonly instances?: Schedule['instances'];
  readonly seed?: number;
  readonly jitterMs?: number;
  readonly markersMs?: number;
}

const made: string[] = [];

afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const repository = join(import.meta.dirname, '../../..');

/** A folder that looks like the project to the bundler, with an exercise in it. */
export function exercise(files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'crashproof-world-')));
  made.push(root);
  for (const name of ['node_modules', 'chapters'])
    symlinkSync(join(repository, name), join(root, name));
  cpSync(join(repository, 'solutions'), join(root, 'solutions'), { recursive: true });
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(root, 'exercise', name)), { recursive: true });
    writeFileSync(join(root, name === 'package.json' ? name : `exercise/${name}`), text);
  }
  return root;
}

export interface Stage {
  readonly chapter: ChapterDefinition;
  readonly made: Bundle;
  play(plot?: Plot): Promise<Run>;
  run(schedule: Schedule, ways?: Ways): Promise<Run>;
  schedule(plot?: Plot): Schedule;
}

function stage(chapter: ChapterDefinition, name: string, made: Bundle): Stage {
  const loader = createLoader(made, chapter);
  const schedule = (plot: Plot = {}): Schedule => scheduleOf(chapter, name, plot);
  return {
    chapter,
    made,
    schedule,
    run: (each, ways = {}) => runSchedule({ chapter, loader, schedule: each, plot: ways }),
    play: (plot = {}) => runSchedule({ chapter, loader, schedule: schedule(plot), plot }),
  };
}

/** The tiny course's chapter with these services: `worker` and `caller`, each optional. */
export async function services(
  code: string,
  change: Partial<ChapterDefinition> = {},
): Promise<Stage> {
  const roles = Object.fromEntries(
    ['worker', 'caller']
      .filter((role) => code.includes(`export const ${role}`))
      .map((role) => [role, course.roles[role]] as const),
  ) as ChapterDefinition['roles'];
  const chapter = { ...course, roles, ...change } as ChapterDefinition;
  const entries = Object.fromEntries(
    Object.keys(chapter.roles).map((role) => [role, 'service.ts']),
  );
  const projectRoot = exercise({ 'service.ts': code });
  return stage(chapter, 'tiny', await bundle({ folders: ['exercise'], entries, projectRoot }));
}

/** Chapter 1's solution, with files of one's own laid over it. */
export async function chapterOne(overlay: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const name = '01-producer-consumer';
  const entries = { publisher: 'greetings.ts', greeter: 'greetings.ts' };
  const made = await bundle({
    folders: [`solutions/${name}`, 'exercise'],
    entries,
    projectRoot: exercise({ 'note.md': 'nothing', ...overlay }),
  });
  return stage({ ...(producerConsumer as unknown as ChapterDefinition) }, name, made);
}

function scheduleOf(chapter: ChapterDefinition, name: string, plot: Plot): Schedule {
  const { commands = chapter.workload.example.length } = plot;
  const given =
    typeof commands === 'number'
      ? chapter.workload.example.slice(0, commands).map((value) => ({
          id: (chapter.workload.id as (each: unknown) => string)(value),
          value,
        }))
      : commands;
  return {
    format: 1,
    chapter: name,
    seed: plot.seed ?? 42,
    instances: plot.instances ?? {},
    commands: given,
    faults: (plot.faults ?? []).map((fault) =>
      typeof fault === 'string' ? valueOf(parseFault(fault)) : fault,
    ),
    holds: (plot.holds ?? []).map((hold) => valueOf(parseHold(hold))),
    ...(plot.jitterMs !== undefined && { jitterMs: plot.jitterMs }),
    ...(plot.markersMs !== undefined && { markersMs: plot.markersMs }),
  };
}

function valueOf<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(parsed.sentence);
  return parsed.value;
}

/** A fault with options that the notation has no words for, at a place written in it. */
export function faultAt(kind: Fault['kind'], place: string, options?: FaultOptions): Fault {
  return { kind, place: valueOf(parsePhasedPoint(place)), ...(options && { with: options }) };
}

export const placeOf = (text: string): ScheduledCommand['at'] & object =>
  valueOf(parsePhasedPoint(text));

type Of<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

/** Facts of one kind, those that match. */
export function facts<Kind extends Fact['kind']>(
  run: Pick<RunRecord, 'facts'>,
  kind: Kind,
  like: Partial<Of<Kind>> = {},
): readonly Of<Kind>[] {
  return run.facts.filter(
    (fact): fact is Of<Kind> =>
      fact.kind === kind &&
      Object.entries(like).every(
        ([name, value]) => (fact as unknown as Record<string, unknown>)[name] === value,
      ),
  );
}

/** `starts ready dies starts ready` */
export const lifeOf = (run: Pick<RunRecord, 'facts'>, slot: string): readonly string[] =>
  facts(run, 'instance', { slot }).map(({ state }) => state);

/** Ids of the commands whose effect is in the sink, in order, with repetitions. */
export const recorded = (run: Pick<RunRecord, 'facts'>): readonly string[] =>
  facts(run, 'port', { name: 'sink.record', outcome: 'applied' })
    .map(({ args }) => (args[0] as { id: string }).id)
    .filter((id) => !id.startsWith('closing-'));

export const atMsOf = (fact: Fact | undefined): number => fact?.atMs ?? Number.NaN;
