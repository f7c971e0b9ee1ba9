/**
 * One schedule on a plain service and on the same with its calls marked: both runs, and which
 * operations were seen to belong to which call.
 */
import { bundle, createLoader, type Bundle, type Visit } from '#sim';
import type { Schedule } from '#schedule';
import type { ChapterDefinition } from '#kit';
import type { PreparedDatabase } from '#postgres';
import { course } from './course.ts';
import { exercise } from './play.ts';
import { runSchedule, type Run } from './run.ts';

const repeat = { kind: 'republish', on: 'm1', place: 'at rest' } as const;
const stop = { kind: 'stop', on: 'worker-0', place: 'at rest' } as const;

export interface Looked {
  readonly plain: Run;
  readonly marked: Run;
  readonly visits: readonly Visit[];
  readonly bundle: Bundle;
}

/** Three orders, the first of them once more, and a graceful stop. */
export async function looked(
  files: Readonly<Record<string, string>>,
  change: Partial<ChapterDefinition> = {},
  database?: PreparedDatabase,
): Promise<Looked> {
  const { worker: role } = course.roles;
  const chapter = { ...course, roles: { worker: role }, ...change } as ChapterDefinition;
  const projectRoot = exercise(files);
  const request = { folders: ['exercise'], entries: { worker: 'service.ts' }, projectRoot };
  const schedule: Schedule = {
    format: 1,
    chapter: 'tiny',
    seed: 7,
    instances: {},
    commands: ['m1', 'm2', 'm3'].map((id) => ({ id, value: { id } })),
    faults: [repeat, stop],
    holds: [],
  };
  const marks = await bundle({ ...request, sites: true });
  const plot = { fresh: true, ...(database && { database }) };
  const plain = await runSchedule({
    chapter,
    schedule,
    loader: createLoader(await bundle(request), chapter),
    plot,
  });
  let list = (): readonly Visit[] => [];
  const marked = await runSchedule({
    chapter,
    schedule,
    loader: createLoader(marks, chapter),
    plot: {
      ...plot,
      sites: true,
      watch: ({ visits }) => (list = () => visits?.log().visits ?? []),
    },
  });
  return { plain, marked, visits: list(), bundle: marks };
}

/** `21 sink.record m1`: the line of each visit of such a call, and the operations it asked for. */
export function told({ visits, marked, bundle: { sites } }: Looked, call: RegExp): string[] {
  return visits.flatMap(({ site, crossings }) => {
    const found = sites.find(({ id }) => id === site);
    if (found === undefined || !call.test(found.call)) return [];
    const points = crossings.flatMap((index) => {
      const { point, phase } = marked.crossings[index] ?? {};
      if (point === undefined || phase !== 'before apply') return [];
      return [`${point.operation} ${point.cause.join('+')}`.trim()];
    });
    return [`${found.line} ${points.join(', ')}`.trim()];
  });
}

export const lineOf = (code: string, text: string): number =>
  code.slice(0, code.indexOf(text)).split('\n').length;
