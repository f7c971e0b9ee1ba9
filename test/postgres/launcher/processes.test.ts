import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { endProcesses } from '../../../harness/postgres/launcher/ending.ts';
import { processesOf } from '../../../harness/postgres/launcher/processes.ts';
import { folder, gone, stateOf } from './scene.ts';

const isLinux = process.platform === 'linux';
const parent = isLinux ? folder() : '';
const name = 'crashproof-0123456789ab';
const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  if (isLinux) rmSync(parent, { recursive: true, force: true });
});

/** Something that says nothing of the server, as what initdb starts does. */
function working(inFolder: string): number {
  const path = join(parent, inFolder);
  mkdirSync(path, { recursive: true });
  const child = spawn('sleep', ['60'], { cwd: path, detached: true, stdio: 'ignore' });
  children.push(child);
  return child.pid as number;
}

test.skipIf(!isLinux)(
  'belongs to a server: whatever works in its folder, and ends with it',
  async () => {
    const own = [working(name), working(`${name}/data`)];
    const strange = working('crashproof-ba9876543210');
    expect(new Set(processesOf(name))).toEqual(new Set(own));

    await endProcesses({ name, postmaster: undefined, stopped: [] });

    await gone(own);
    expect(stateOf(strange)).toBe('S');
    expect(processesOf(name)).toEqual([]);
  },
);
