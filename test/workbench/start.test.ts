/** `npm start` as a process: its address, its port, its end. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const program = join(import.meta.dirname, '../../harness/cli/start.ts');
// What the test runner's own npm left in the environment is not this command's.
const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' };

function start(args: readonly string[], more: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], { env: { ...env, ...more } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function outcome(args: readonly string[], more: Record<string, string> = {}): unknown {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    env: { ...env, ...more },
  });
  return { code: status, out: stdout, err: stderr };
}

/** A port that somebody holds until it is let go. */
async function heldPort(): Promise<{ port: number; letGo: () => Promise<void> }> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const letGo = async (): Promise<void> => {
    if (holder.listening) await once(holder.close(), 'close');
  };
  onTestFinished(letGo);
  return { port, letGo };
}

test.each<readonly [string[], Record<string, string>, string]>([
  [['--port', 'x'], {}, '--port takes a number up to 65535, not x.\n  npm start -- --port 4401\n'],
  [['4500'], {}, 'npm start takes one option, the port.\n  npm start -- --port 4500\n'],
  [[], { npm_config_port: '4500' }, 'let them through:\n  npm start -- --port 4500\n'],
])('%j %j is wrong usage with a right example', (args, more, text) => {
  expect(outcome(args, more)).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining(text) as string,
  });
});

test('a taken port is one sentence, another command and code 2', async () => {
  const { port } = await heldPort();
  expect(outcome(['--port', String(port)])).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining(
      `Port ${port} is taken, perhaps by another npm start. Take another one:\n  npm start -- --port`,
    ) as string,
  });
});

test('it prints its address, answers there, and Ctrl+C ends it', async () => {
  const { port, letGo } = await heldPort();
  await letGo();
  const child = start(['--port', String(port)]);
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  expect(String(said)).toBe(`The workbench is at http://127.0.0.1:${port}/\nCtrl+C ends it.\n`);
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(page).toContain('Crashproof');
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
});

test.skipIf(process.platform === 'win32')('Ctrl+C ends a check that is running, too', async () => {
  const { port, letGo } = await heldPort();
  await letGo();
  const child = start(['--port', String(port)]);
  await once(child.stdout!, 'data');
  const origin = `http://127.0.0.1:${port}`;
  const told = await fetch(`${origin}/check/1`, { method: 'POST', headers: { origin } });
  const rest = told.text().catch(() => 'cut');
  const simulation = (): number[] =>
    spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .stdout.split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent, ...words]) => Number(parent) === child.pid && words.some(isSimulation))
      .map(([pid]) => Number(pid));
  await expect.poll(simulation, { timeout: 10_000 }).toHaveLength(1);
  const [pid = 0] = simulation();
  child.kill('SIGINT');
  await once(child, 'exit');
  expect(await rest).toBe('cut');
  await expect.poll(() => isAlive(pid)).toBe(false);
});

function isSimulation(word: string): boolean {
  return word.endsWith('simulation.ts');
}

/** What is dead and waits for somebody to ask how it ended is not alive. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z\s]/.test(stdout.trim());
}
