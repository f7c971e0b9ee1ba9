/** A prepared program: the chapter, its code evaluated on demand, and a function that runs and judges a schedule. */
import { createBroker } from '#broker';
import { countHardMoments, judge, type CrashFree, type RunRecord } from '#check';
import { hashName } from '#kernel';
import type { ChapterDefinition } from '#kit';
import type { PreparedDatabase } from '#postgres';
import type { Schedule } from '#schedule';
import { createLoader, createWorld, portsOf, pump, type Bundle } from '#sim';
import type { Outcome, RunOptions } from './outcome.ts';
import { createReference } from './reference.ts';

export interface Program {
  /** What the first run would have to do besides running: while none goes on. */
  warm(): void;
  run(schedule: Schedule, options: Omit<RunOptions, 'program'>): Promise<Outcome>;
}

/** Tells a supervisor a busy thread from a stuck one. */
export interface Watch {
  /** Before every event. */
  readonly onStep: () => void;
  /** The service's code is done; what follows is ours. */
  readonly onEnd: () => void;
}

export function createProgram(
  chapter: ChapterDefinition,
  bundle: Bundle,
  opening?: Promise<PreparedDatabase>,
  watch?: Watch,
): Program {
  const loader = createLoader(bundle, chapter);
  const program: Program = {
    warm: () => loader.warm(),
    async run(schedule, options) {
      const crashFree = await crashFreeFor(schedule, options);
      const database = await opening;
      await database?.begin(schedule.seed);
      const broker = createBroker({
        groupInitialRebalanceDelayMs: 0,
        autoCreateTopics: false,
        idSeed: hashName(`ids ${schedule.seed}`),
        hidesAborted: options.hidesAborted === true,
        ...(schedule.markersMs !== undefined && { markerDelayMs: schedule.markersMs }),
      });
      for (const [topic, { partitions }] of Object.entries(chapter.topics)) {
        broker.createTopic(topic, partitions);
      }
      broker.take();
      const traced = options.traced === true;
      const ports = portsOf(chapter);
      const sites = bundle.sites.length > 0;
      const lanes = { broker, ports, database };
      const watched = { traced, sites, stopAt: options.stopAt };
      const world = createWorld({ chapter, schedule, loader, ...lanes, ...watched });
      const { stackTraceLimit } = Error;
      if (traced) Error.stackTraceLimit = 200;
      // Shared libraries run in nobody's context.
      loader.begin(world, { fresh: options.fresh === true || sites });
      try {
        const record = await pump(world, watch?.onStep);
        watch?.onEnd();
        const seen = { ...record, leaks: loader.end(), crashFree };
        const outcome = outcomeOf(schedule, chapter, seen, options);
        return world.visits === undefined ? outcome : { ...outcome, visits: world.visits.log() };
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
        await database?.end();
      }
    },
  };
  const crashFreeFor = createReference(chapter, (schedule, options) =>
    program.run(schedule, options),
  );
  return program;
}

function outcomeOf(
  schedule: Schedule,
  chapter: ChapterDefinition,
  record: RunRecord & { readonly crashFree: CrashFree | undefined },
  options: Omit<RunOptions, 'program'>,
): Outcome {
  const { facts, ending, crossings, crashFree } = record;
  const { findings, notes, notJudged, unknown } = judge(facts, chapter, ending, {
    everyMoment: true,
    crashFree,
  });
  const keepFacts = options.wantFacts === true || findings.length > 0;
  return {
    schedule,
    findings,
    notes,
    notJudged,
    ...(unknown !== undefined && {
      unknown: {
        sentence: unknown,
        advice: ending.kind === 'uncontrolled' ? ending.advice : 'Please report it.',
      },
    }),
    ending,
    fired: record.fired,
    held: record.held,
    traceHash: record.traceHash,
    traceClass: record.traceClass,
    leaks: record.leaks,
    sometimes: countHardMoments(facts, chapter),
    ...(keepFacts && { facts }),
    ...(options.wantCrossings === true && { crossings }),
    steps: record.steps,
    virtualMs: record.virtualMs,
  };
}
