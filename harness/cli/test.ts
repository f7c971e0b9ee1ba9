/**
 * `npm test` runs the project's own tests, `npm test 1` is `npx crash 1`. Options that npm kept for
 * itself are answered with the right command; nothing else is run in their place.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { main, misused, runAndExit, type ExitCode } from './main.ts';
import { mangledByNpm } from './npm-flags.ts';

const root = join(import.meta.dirname, '../..');

async function test(argv: readonly string[]): Promise<ExitCode> {
  const mangled = mangledByNpm(argv, process.env);
  if (mangled) return misused(mangled);
  return argv.length > 0 ? main(argv) : projectTests();
}

/** In a child that ends when its channel to us closes, however we end. */
function projectTests(): Promise<ExitCode> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      new URL('./end-with-channel.ts', import.meta.url).href,
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      'project',
    ],
    { cwd: root, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
  );
  process.once('exit', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code === 0 ? 0 : 1));
  });
}

await runAndExit(() => test(process.argv.slice(2)));
