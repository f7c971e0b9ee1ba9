/** One schedule executed in this very thread. Imports no test runner, so that a bare thread can too. */
import { createBroker } from '#broker';
import { judge, type Finding, type RunRecord } from '#check';
import { hashName } from '#kernel';
import type { ChapterDefinition } from '#kit';
import type { PreparedDatabase } from '#postgres';
import type { Schedule } from '#schedule';
import { createWorld, portsOf, pump, type BundleLoader, type World } from '#sim';

export type Run = RunRecord & { readonly findings: readonly Finding[] };

export interface Ways {
  readonly fresh?: boolean;
  readonly traced?: boolean;
  /** The bundle's calls are marked. */
  readonly sites?: boolean;
  readonly database?: PreparedDatabase;
  readonly hidesAborted?: boolean;
  /** Sees the world before its first event. */
  readonly watch?: (world: World) => void;
}

interface OneRun {
  readonly chapter: ChapterDefinition;
  readonly loader: BundleLoader;
  readonly schedule: Schedule;
  readonly plot?: Ways;
}

export async function runSchedule({ chapter, loader, schedule, plot = {} }: OneRun): Promise<Run> {
  const broker = createBroker({
    groupInitialRebalanceDelayMs: 0,
    autoCreateTopics: false,
    idSeed: hashName(`ids ${schedule.seed}`),
    hidesAborted: plot.hidesAborted === true,
    ...(schedule.markersMs !== undefined && { markerDelayMs: schedule.markersMs }),
  });
  for (const [topic, { partitions }] of Object.entries(chapter.topics)) {
    broker.createTopic(topic, partitions);
  }
  broker.take();
  const traced = plot.traced === true;
  const sites = plot.sites === true;
  const { database } = plot;
  await database?.begin(schedule.seed);
  const ports = portsOf(chapter);
  const options = { chapter, schedule, loader, broker, ports, database, traced, sites };
  const world = createWorld(options);
  plot.watch?.(world);
  loader.begin(world, { fresh: plot.fresh === true });
  try {
    const record = await pump(world);
    const { findings } = judge(record.facts, chapter, record.ending, { everyMoment: true });
    return { ...record, findings, leaks: loader.end() };
  } finally {
    loader.end();
    await database?.end();
  }
}
