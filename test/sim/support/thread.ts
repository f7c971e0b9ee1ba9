/** Runs one schedule of chapter 1's solution in a thread of its own; answers with its hash. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { bundle, createLoader } from '#sim';
import type { ChapterDefinition } from '#kit';
import type { Schedule } from '#schedule';
import { producerConsumer } from '../../../chapters/01-producer-consumer/chapter.ts';
import { runSchedule } from './run.ts';

const made = await bundle({
  folders: ['solutions/01-producer-consumer'],
  entries: { publisher: 'greetings.ts', greeter: 'greetings.ts' },
  projectRoot: join(import.meta.dirname, '../../..'),
});
const chapter = producerConsumer as unknown as ChapterDefinition;
const loader = createLoader(made, chapter);
const run = await runSchedule({ chapter, loader, schedule: workerData as Schedule });
parentPort?.postMessage(run.traceHash);
