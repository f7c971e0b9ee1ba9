/**
 * First red, cold: a new process each time, from the command to its end on the chapter's stub.
 * What a learner had saved is set aside meanwhile, so that nothing known is tried first.
 */
import { spawn } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createBroker, serveBroker } from '#broker';
import { loadChapter, projectRoot, resolveChapter } from '#content';
import { Failure } from '#kernel';
import { spread, type Spread } from './numbers.ts';

const writesMs = 3_000;
const kept = join(projectRoot, '.crashproof');

export interface FirstRed {
  /** `npx crash 1` without npx itself. */
  readonly command: Spread;
  /** `npm test 1`, npm included; the exercise must be as handed out. */
  readonly npmTest: Spread;
  /** The same, nothing compiled yet: the first one after an install. */
  readonly nothingCompiledYet: number;
}

export async function firstRed(times: number): Promise<FirstRed> {
  const chapter = await loadChapter(await resolveChapter('1'));
  const stub = relative(projectRoot, chapter.stubPath);
  const crash = ['harness/cli/crash.ts', '1', '--from', stub];
  const corpus = join(kept, chapter.folder);
  return aside(corpus, async () => {
    const ever = await aside(join(kept, 'cache/compiled'), () =>
      red(process.execPath, crash, corpus),
    );
    await red(process.execPath, crash, corpus);
    const command: number[] = [];
    const npmTest: number[] = [];
    for (let time = 0; time < times; time++) {
      command.push(await red(process.execPath, crash, corpus));
      npmTest.push(await red('npm', ['test', '1'], corpus));
    }
    return {
      command: spread(command),
      npmTest: spread(npmTest),
      nothingCompiledYet: Math.round(ever),
    };
  });
}

/** Wall time until the story of the first finding has been told and the command has ended. */
function red(program: string, words: readonly string[], corpus: string): Promise<number> {
  rmSync(corpus, { recursive: true, force: true });
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: projectRoot, stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 1) return resolve(performance.now() - start);
      const said = `${words.join(' ')} ended with ${code}, not with 1: it is not red.`;
      reject(new Failure('TROUBLE', said));
    });
  });
}

async function aside<Value>(folder: string, work: () => Promise<Value>): Promise<Value> {
  const other = `${folder}-aside`;
  const had = existsSync(folder);
  if (had) renameSync(folder, other);
  try {
    return await work();
  } finally {
    // A check that has ended may still write what it compiled.
    await pause(writesMs);
    rmSync(folder, { recursive: true, force: true });
    if (had) renameSync(other, folder);
  }
}

/** From nothing to listening, in a process that has loaded it. */
export async function brokerStart(times: number): Promise<Spread> {
  const took: number[] = [];
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    const server = await serveBroker({
      port: 0,
      host: '127.0.0.1',
      clock: { nowMs: () => Date.now(), after: () => () => {} },
      broker: (address) => createBroker(address),
    });
    took.push(performance.now() - start);
    await server.close();
  }
  return spread(took);
}
