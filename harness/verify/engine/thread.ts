/** One simulation thread: prepares programs, runs schedules one after the other, counts events for its supervisor. */
import { parentPort, workerData } from 'node:worker_threads';
import { pathToFileURL } from 'node:url';
import { invariant, stopwatch, writeCompiled } from '#kernel';
import type { ChapterDefinition } from '#kit';
import { createDatabases, type Databases } from './databases.ts';
import { events, isInService, type FromThread, type ToThread } from './messages.ts';
import { plainError } from './plain-error.ts';
import type { Program } from './program.ts';

const port = parentPort;
invariant(port !== null, 'this file runs as a thread');
const beat = new Int32Array((workerData as { beat: SharedArrayBuffer }).beat);
/** Something ran here, or does: it is no time for anything else. */
let hasRun = false;
const programs = new Map<string, Promise<Program>>();
/** Of which programs with tables have theirs; these may be known before. */
const databases = Promise.withResolvers<Databases>();

const prepare = async (message: ToThread & { kind: 'program' }): Promise<Program> => {
  // Late: the first thread's database is begun before the world is loaded.
  const [{ createProgram }, module] = await Promise.all([
    import('./program.ts'),
    import(pathToFileURL(message.chapterFile).href) as Promise<Record<string, unknown>>,
  ]);
  say({ kind: 'loaded' });
  const chapter = Object.values(module)[0] as ChapterDefinition;
  const { bundle, schema } = message;
  const database = schema && databases.promise.then((own) => own.open(chapter, schema));
  const opened = (): void => say({ kind: 'opened' });
  database?.then(opened, opened); // a failure is said with the first run that needs it
  const program = createProgram(chapter, bundle, database, {
    onStep: () => {
      beat[events] = (beat[events] as number) + 1;
      beat[isInService] = 1;
    },
    onEnd: () => {
      beat[isInService] = 0;
    },
  });
  if (!hasRun) program.warm();
  return program;
};

/**
 * A thread is terminated, never ended, so it writes what it compiled while it runs: once, and late
 * enough not to keep a first finding waiting.
 */
const sinceStart = stopwatch();
const writesAfterMs = 3_000;
let written = false;

const say = (message: FromThread): void => port.postMessage(message);

port.on('message', (message: ToThread) => {
  if (message.kind === 'database') {
    const own = createDatabases(message.cacheDirectory);
    own.start();
    return databases.resolve(own);
  }
  if (message.kind === 'program') {
    const program = prepare(message);
    // Said with the first run that needs it.
    program.catch(() => message.schema && say({ kind: 'opened' }));
    programs.set(message.name, program);
    return;
  }
  hasRun = true;
  const { id, schedule, options } = message;
  const program = programs.get(options.program);
  invariant(program !== undefined, `program ${options.program} was prepared`);
  program
    .then((ready) => ready.run(schedule, options))
    .then(
      (outcome) => {
        say({ kind: 'ran', id, outcome });
        if (written || sinceStart() < writesAfterMs) return;
        written = true;
        writeCompiled();
      },
      (error: unknown) => say({ kind: 'failed', id, error: plainError(error) }),
    );
});
