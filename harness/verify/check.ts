/**
 * Asks for one check: starts the simulation process, hears its progress, hands back its report. What is only needed for
 * real engines is imported when they are asked for, so that nobody else waits for it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { Failure, keepingCompiled } from '#kernel';
import type { FromSimulation, ToSimulation } from './engine/simulation.ts';
import { revived } from './engine/plain-error.ts';
import type { CheckRequest } from './request.ts';
import type { Report } from './report.ts';
import type { LiveLimits } from './check-live.ts';

export function check({ onProgress, signal, ...request }: CheckRequest): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./engine/simulation.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: keepingCompiled({ ...process.env, TZ: 'UTC' }),
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const end = (how: (child: ChildProcess) => void): void => {
      signal?.removeEventListener('abort', abort);
      child.removeAllListeners('exit');
      how(child);
    };
    const abort = (): void => {
      end(kill);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort);
    child.on('message', (message: FromSimulation) => {
      if (message.kind === 'progress') return onProgress?.(message.event);
      end(release);
      if (message.kind === 'report') resolve(message.report);
      else reject(revived(message.error));
    });
    child.on('error', (error) => {
      end(kill);
      reject(new Failure('TROUBLE', 'The simulation could not be started.', { cause: error }));
    });
    child.on('exit', (code, by) => {
      end(kill);
      const how = by === null ? `code ${code}` : by;
      reject(new Failure('TROUBLE', `The simulation ended by itself (${how}).`));
    });
    child.send(request satisfies ToSimulation);
  });
}

/** The same against real engines, in processes of their own that this very one supervises. */
export async function checkLive(request: CheckRequest, limits?: LiveLimits): Promise<Report> {
  const live = await import('./check-live.ts');
  return live.checkLive(request, limits);
}

function kill(child: ChildProcess): void {
  child.kill('SIGKILL');
}

/** It ends itself when its channel closes, and is waited for by nobody. */
function release(child: ChildProcess): void {
  child.disconnect();
  child.unref();
}
