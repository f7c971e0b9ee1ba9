/**
 * `--debug`: the schedule runs in this very process and stops in the learner's code, before the last
 * call that was made before the fault. Says where, how to get there, and how to read the tables
 * meanwhile; then waits for a debugger. Step back = the same with `--back` one more.
 */
import * as inspector from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { openDebug, type DebugRequest } from '#verify';
import { plural } from './story/words.ts';

export interface DebugCommand extends DebugRequest {
  /** The command without `--back`, for the line that steps back. */
  readonly again: string;
}

/** Resolves when the run is over, whoever continued it. */
export async function debugOnce(
  { again, ...request }: DebugCommand,
  write: (text: string) => void,
): Promise<void> {
  // As in the process that searches.
  process.env['TZ'] = 'UTC';
  // A thread that is stopped cannot see that whoever started it is gone.
  new Worker(new URL('./debug-watch.ts', import.meta.url)).unref();
  const session = await openDebug(request);
  try {
    const { file, line, call, slot, fault, earlier, database } = session;
    const back = request.back === 0 ? '' : `, ${plural(request.back, 'step')} back`;
    const lines = [
      `stops in ${slot} at ${file}:${line} · ${call}`,
      `the last call before: ${fault}${back}`,
      ...(earlier > 0 ? [`one step back: ${again} --back ${request.back + 1}`] : []),
      ...(database === undefined ? [] : [`the tables meanwhile, to read: psql '${database}'`]),
    ];
    write(`${lines.map((text) => `  ${text}\n`).join('')}\n`);
    // Who was started by a debugger has one already.
    if (inspector.url() === undefined) {
      write('  Attach with chrome://inspect, or start it in VS Code: "Stop at the fault".\n');
      waitForDebugger();
    }
    const same = await session.proceed();
    write(
      same
        ? '  The run went on to its end, byte for byte as without a debugger.\n\n'
        : '  The debugger changed the run: what follows is the run without it.\n\n',
    );
  } finally {
    await session.close();
  }
}

/** It blocks this thread, so that handlers of signals would never run: without them Ctrl-C ends the process. */
function waitForDebugger(): void {
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((signal) => ({
    signal,
    listeners: process.listeners(signal),
  }));
  for (const { signal } of handlers) process.removeAllListeners(signal);
  inspector.open(0, '127.0.0.1');
  inspector.waitForDebugger();
  for (const { signal, listeners } of handlers) {
    for (const listener of listeners) process.once(signal, listener);
  }
}
