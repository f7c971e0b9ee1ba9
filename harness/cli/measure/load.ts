/** Another program that uses the CPU, one process a core, until it is stopped or we are gone. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const busy = `
  process.on('disconnect', () => process.exit());
  const burn = () => {
    const end = performance.now() + 50;
    while (performance.now() < end);
    setImmediate(burn);
  };
  burn();
`;

export function startLoad(): () => void {
  const children = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', busy], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }),
  );
  return () => {
    for (const child of children) child.kill('SIGKILL');
  };
}
