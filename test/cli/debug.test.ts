/** `--debug` over the inspector's protocol: where it pauses, and that pausing changes nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { parseFault, type Schedule } from '#schedule';
import { afterEach, describe, expect, test, vi } from 'vitest';

const root = join(import.meta.dirname, '../..');
const crash = join(root, 'harness/cli/crash.ts');
const stub = join(root, 'chapters/00-first-crash/stub');
const fault = 'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply';
const command = ['0', '--solution', '--from', stub, '--fault', fault, '--debug'];

const running = new Set<ChildProcess>();

// One that waits for a debugger would wait for ever.
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

interface Frame {
  readonly functionName: string;
  readonly location: { scriptId: string; lineNumber: number; columnNumber: number };
}

interface Paused {
  readonly file: string;
  readonly line: number;
  readonly functionName: string;
}

interface Debugged {
  readonly paused: readonly Paused[];
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** Runs it to its end, resuming at every pause; `meanwhile` runs while it is paused. */
async function debugged(
  args: readonly string[],
  meanwhile: (err: string) => Promise<void> = () => Promise.resolve(),
  [program, ...first]: readonly [string, ...string[]] = [process.execPath, crash],
  env: Readonly<Record<string, string>> = {},
): Promise<Debugged> {
  const child = spawn(program, [...first, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', ...env },
  });
  running.add(child);
  const said = { out: '', err: '' };
  const paused: Paused[] = [];
  const trouble: unknown[] = [];
  let debuggers: WebSocket | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
    const [url] = /ws:\/\/\S+(?=\s)/.exec(said.err) ?? [];
    if (said.err.includes('Waiting for the debugger to disconnect')) debuggers?.close();
    if (url !== undefined && debuggers === undefined) {
      debuggers = attach(url, async (at) => {
        paused.push(at);
        await meanwhile(said.err).catch((error: unknown) => trouble.push(error));
      });
    }
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  running.delete(child);
  expect(trouble).toEqual([]);
  return { paused, ...said, code };
}

function attach(url: string, onPause: (at: Paused) => Promise<void>): WebSocket {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (result: Record<string, unknown>) => void>();
  let id = 0;
  const ask = (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    socket.send(JSON.stringify({ id: ++id, method, params }));
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  const pausedAt = async ({ functionName, location }: Frame): Promise<Paused> => {
    const { scriptId, lineNumber, columnNumber } = location;
    const { scriptSource } = await ask('Debugger.getScriptSource', { scriptId });
    const [, map = ''] = /sourceMappingURL=data:[^,]*,(\S+)/.exec(String(scriptSource)) ?? [];
    const json = JSON.parse(Buffer.from(map, 'base64').toString()) as SourceMapPayload;
    const entry = new SourceMap(json).findEntry(lineNumber, columnNumber);
    if (!('originalSource' in entry)) throw new Error('The paused frame is not mapped.');
    const { originalSource, originalLine } = entry;
    return { file: originalSource, line: originalLine + 1, functionName };
  };
  socket.addEventListener('open', () => {
    void ask('Debugger.enable').then(() => ask('Runtime.runIfWaitingForDebugger'));
  });
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as {
      id?: number;
      result?: Record<string, unknown>;
      method?: string;
      params?: { callFrames: Frame[] };
    };
    if (message.id !== undefined) waiting.get(message.id)?.(message.result ?? {});
    if (message.method !== 'Debugger.paused') return;
    const [frame] = message.params?.callFrames ?? [];
    void pausedAt(frame as Frame)
      .then(onPause)
      .finally(() => void ask('Debugger.resume'));
  });
  return socket;
}

interface LaunchFile {
  readonly configurations: readonly {
    readonly type: string;
    readonly request: string;
    readonly runtimeExecutable: string;
    readonly runtimeArgs: readonly string[];
  }[];
  readonly inputs: readonly { readonly id: string }[];
}

/**
 * What an editor makes every Node process below the launched one load: it opens an inspector by itself and waits.
 * Only the process of our own command is of interest here.
 */
const preload = `
const inspector = require('node:inspector');
const { isMainThread } = require('node:worker_threads');
if (isMainThread && /[\\\\/]crash(\\.ts)?$/.test(process.argv[1] ?? '')) {
  inspector.open(0, '127.0.0.1');
  inspector.waitForDebugger();
}`;

describe('a replay in a debugger', () => {
  test('pauses as well where .vscode/launch.json has it started by an editor', async () => {
    const text = readFileSync(join(root, '.vscode/launch.json'), 'utf8');
    const { configurations, inputs } = JSON.parse(text) as LaunchFile;
    expect(inputs.map(({ id }) => id)).toEqual(['chapter', 'finding']);
    const folder = mkdtempSync(join(tmpdir(), 'crashproof-launch-'));
    const parsed = parseFault(fault);
    if (!parsed.ok) throw new Error(parsed.sentence);
    const schedule: Schedule = {
      format: 1,
      chapter: '00-first-crash',
      seed: 1,
      instances: {},
      holds: [],
      commands: [{ id: 'm1', value: { id: 'm1', body: 'hello' } }],
      faults: [parsed.value],
    };
    writeFileSync(join(folder, 'k1.json'), JSON.stringify(schedule));
    writeFileSync(join(folder, 'preload.cjs'), preload);
    const [launch] = configurations;
    expect(launch).toMatchObject({ type: 'node', request: 'launch' });
    const args = (launch?.runtimeArgs ?? []).map((each) =>
      each.replace('${input:chapter}', '0').replace('${input:finding}', join(folder, 'k1.json')),
    );
    const { paused, err } = await debugged(
      [...args, '--solution', '--from', stub],
      undefined,
      [launch?.runtimeExecutable ?? ''],
      { HOME: folder, NODE_OPTIONS: `--require ${join(folder, 'preload.cjs')}` },
    );
    expect(paused).toMatchObject([{ functionName: 'eachMessage' }]);
    expect(err).toContain('byte for byte as without a debugger');
    expect(err).not.toContain('Attach with');
  });

  test('pauses once, in the learner’s function, at the line that the story shows', async () => {
    const { paused, out, err, code } = await debugged(command);
    const [, line] = /⚡ +(\d+) │ +await consumer\.commitOffsets/.exec(out) ?? [];
    expect(paused).toEqual([
      {
        file: expect.stringMatching(/00-first-crash\/stub\/greeter\.ts$/) as string,
        line: Number(line),
        functionName: 'eachMessage',
      },
    ]);
    expect(err).toContain(`stops in greeter-0 at greeter.ts:${line} · consumer.commitOffsets(`);
    expect(err).toContain('byte for byte as without a debugger');
    expect(code).toBe(1);
  });

  test('steps back by stopping at the call before', async () => {
    const { paused, err } = await debugged([...command, '--back', '1']);
    const [, line] = /stops in greeter-0 at greeter\.ts:(\d+) · consumer\.run\(/.exec(err) ?? [];
    expect(paused.map((each) => each.line)).toEqual([Number(line)]);
    expect(err).toContain('--debug --back 2\n');
    expect(err).toContain('byte for byte as without a debugger');
  });
});

test('the tables can be read meanwhile, and not changed', async () => {
  const chapter = join(root, 'chapters/15-idempotent-consumer/stub');
  const strikes = 'crash projector-0 · UPDATE accounts · #1 · before apply';
  const rows: unknown[] = [];
  const refused: unknown[] = [];
  const { paused, err } = await debugged(
    ['15', '--solution', '--from', chapter, '--fault', strikes, '--debug'],
    async (said) => {
      const [, host, port, user, name] =
        /host=(\S+) port=(\d+) user=(\S+) dbname=([^\s']+)/.exec(said) ?? [];
      const client = new Client({ host, port: Number(port), user, database: name });
      await client.connect();
      rows.push(...(await client.query('select event_id, account from ledger')).rows);
      refused.push(await client.query('delete from ledger').catch((e: { code: string }) => e.code));
      await client.end();
    },
  );
  // It stops before the update: the ledger has the payment already.
  expect(paused.map(({ functionName }) => functionName)).toEqual(['eachMessage']);
  expect(err).toMatch(/stops in projector-0 at projector\.ts:\d+ · db\.query\('update accounts/);
  expect(rows).toEqual([{ event_id: 'p1', account: 'alice' }]);
  expect(refused).toEqual(['25006']);
  expect(err).toContain('byte for byte as without a debugger');
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends one that nobody attaches to', async (signal) => {
  const child = spawn(process.execPath, [crash, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.add(child);
  let err = '';
  const listening = new Promise<void>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      if (err.includes('ws://')) resolve();
    });
  });
  const ended = new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
  await listening;
  child.kill(signal);
  expect(await ended).toBe(signal);
  running.delete(child);
});

test.each([
  [['--back', '99'], 'calls lie before the fault'],
  [['--watch'], '--debug waits for somebody'],
])('%j cannot be meant', async (more, sentence) => {
  const { code, err, paused } = await debugged([...command, ...more]);
  expect({ code, paused }).toEqual({ code: 2, paused: [] });
  expect(err).toContain(sentence);
});

test('whoever stands still in a debugger ends with the command that started it', async () => {
  const starter = `
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' });
    console.log('pid ' + child.pid);`;
  const npm = spawn(process.execPath, ['-e', starter, crash, ...command], {
    env: { PATH: process.env['PATH'] ?? '', npm_command: 'exec' },
  });
  running.add(npm);
  let said = '';
  npm.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  npm.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await vi.waitFor(() => expect(said).toMatch(/Debugger listening/), { timeout: 60_000 });
  const pid = Number(/pid (\d+)/.exec(said)?.[1]);
  const lives = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  expect(lives()).toBe(true);
  npm.kill('SIGKILL');
  await vi.waitFor(() => expect(lives()).toBe(false), { timeout: 10_000 });
});
