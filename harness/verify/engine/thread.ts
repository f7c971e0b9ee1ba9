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
const programs = new Map<string, Promise<Program>>();
let databases: Databases | undefined;

const databasesHere = (): Databases => {
  invariant(databases !== undefined, 'a program with tables comes after its database');
  return databases;
};

const prepare = async (message: ToThread & { kind: 'program' }): Promise<Program> => {
  // Late: a database is begun before the world is loaded.
  const [{ createProgram }, module] = await Promise.all([
    import('./program.ts'),
    import(pathToFileURL(message.chapterFile).href) as Promise<Record<string, unknown>>,
  ]);
  const chapter = Object.values(module)[0] as ChapterDefinition;
  const { bundle, schema } = message;
  const database = schema && databasesHere().open(chapter, schema);
  const opened = (): void => say({ kind: 'opened' });
  database?.then(opened, opened); // a failure is said with the first run that needs it
  return createProgram(chapter, bundle, database, {
    onStep: () => {
      beat[events] = (beat[events] as number) + 1;
      beat[isInService] = 1;
    },
    onEnd: () => {
      beat[isInService] = 0;
    },
  });
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
    databases ??= createDatabases(message.cacheDirectory);
    return databases.start();
  }
  if (message.kind === 'program') {
    const program = prepare(message);
    // Said with the first run that needs it.
    program.catch(() => message.schema && say({ kind: 'opened' }));
    programs.set(message.name, program);
    return;
  }
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
