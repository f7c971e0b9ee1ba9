/** Asks for one check: starts the simulation process, hears its progress, hands back its report. */
import { fork, type ChildProcess } from 'node:child_process';
import { Failure, keepingCompiled } from '#kernel';
import type { FromSimulation, ToSimulation } from './engine/simulation.ts';
import { revived } from './engine/plain-error.ts';
import type { CheckRequest } from './request.ts';
import type { Report } from './report.ts';

export function check({ onProgress, signal, ...request }: CheckRequest): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./engine/simulation.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: keepingCompiled({ ...process.env, TZ: 'UTC' }),
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const end = (): void => {
      signal?.removeEventListener('abort', abort);
      stop(child);
    };
    const abort = (): void => {
      end();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort);
    child.on('message', (message: FromSimulation) => {
      if (message.kind === 'progress') return onProgress?.(message.event);
      end();
      if (message.kind === 'report') resolve(message.report);
      else reject(revived(message.error));
    });
    child.on('error', (error) => {
      end();
      reject(new Failure('TROUBLE', 'The simulation could not be started.', { cause: error }));
    });
    child.on('exit', (code, by) => {
      end();
      const how = by === null ? `code ${code}` : by;
      reject(new Failure('TROUBLE', `The simulation ended by itself (${how}).`));
    });
    child.send(request satisfies ToSimulation);
  });
}

function stop(child: ChildProcess): void {
  child.removeAllListeners('exit');
  child.kill('SIGKILL');
}
