import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { ProcessExit } from '../../../harness/sim/injected/host.ts';
import { createGlobals } from '../../../harness/sim/injected/globals.ts';
import { FakeHost } from './fake-host.ts';
import { bundled, run, start } from './learner.ts';

test('Date tells virtual time and its values are ordinary dates', async () => {
  const { exports, host } = await run(`
    export const now = () => [Date.now(), new Date().toISOString(), typeof Date()];
    export const fixed = new Date('2020-02-03T04:05:06Z');
    export const isDate = (value: unknown) => value instanceof Date;
    export class Later extends Date { plus() { return this.getTime() + 1 } }
    export const later = () => new Later().plus();
    export const statics = [Date.UTC(1970, 0, 2), Date.parse('1970-01-03T00:00:00Z')];
    export const written = () => new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format();
  `);
  host.elapsedMs = 1500;
  expect(exports.now()).toEqual([
    Date.UTC(2030, 0, 1) + 1500,
    '2030-01-01T00:00:01.500Z',
    'string',
  ]);
  expect(exports.fixed).toBeInstanceOf(Date);
  expect(exports.isDate(new Date())).toBe(true);
  expect(exports.later()).toBe(Date.UTC(2030, 0, 1) + 1501);
  expect(exports.statics).toEqual([86_400_000, 172_800_000]);
  expect(exports.written()).toBe('1/1/2030');
});

test('chance depends on slot, incarnation and seed alone', async () => {
  const made = await bundled({
    'service.ts': `
      import { randomBytes, randomInt, randomUUID } from 'node:crypto';
      export const drawn = () => [
        Math.random(), randomUUID(), crypto.randomUUID(), randomBytes(8).toString('hex'),
        randomInt(10, 20), crypto.getRandomValues(new Uint32Array(2)).join(),
      ];
    `,
  });
  const draw = (host: FakeHost) => start(made, host).exports.drawn();
  expect(draw(new FakeHost())).toEqual(draw(new FakeHost()));
  expect(draw(new FakeHost())).not.toEqual(draw(new FakeHost({ incarnation: 2 })));
  expect(draw(new FakeHost())[1]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/);
});

test('timers run in virtual time with their arguments', async () => {
  const { exports, host } = await run(`
    export const seen: unknown[] = [];
    setTimeout((...args) => seen.push(['timeout', ...args, performance.now()]), 50, 'a', 'b');
    const interval = setInterval(() => seen.push('tick'), 20);
    setTimeout(() => clearInterval(interval), 70);
    setImmediate((x) => seen.push(x), 'immediate');
    process.nextTick((x) => seen.push(x), 'tick first');
    const never = setTimeout(() => seen.push('never'), 10);
    clearTimeout(+never);
  `);
  await host.pass(200);
  expect(exports.seen).toEqual([
    'tick first',
    'immediate',
    'tick',
    'tick',
    ['timeout', 'a', 'b', 50],
    'tick',
  ]);
});

test('delays are clamped as Node clamps them, except that a negative one is 100 ms', async () => {
  const { host } = await run(`
    for (const delay of [0, 0.5, NaN, 'x', undefined, 2 ** 31, 7.9, '12', -1]) setTimeout(() => {}, delay as number);
  `);
  expect([...host.timers].map(({ delayMs }) => delayMs)).toEqual([1, 1, 1, 1, 1, 1, 7, 12, 100]);
});

test('a Timeout can be refreshed, asked, disposed and promised', async () => {
  const { exports, host } = await run(`
    import { promisify } from 'node:util';
    import { setTimeout as sleep, setInterval as ticks } from 'node:timers/promises';
    export const seen: unknown[] = [];
    const timer = setTimeout(() => seen.push('refreshed ' + performance.now()), 30);
    setTimeout(() => timer.refresh(), 20);
    seen.push(timer.unref().hasRef(), timer.ref().hasRef(), typeof +timer);
    { using disposed = setTimeout(() => seen.push('never'), 5); }
    promisify(setTimeout)(40, 'promised').then((value) => seen.push(value));
    sleep(60, 'slept').then((value) => seen.push(value));
    const abort = new AbortController();
    sleep(1000, null, { signal: abort.signal }).catch((error) => seen.push(error.name));
    setTimeout(() => abort.abort(), 70);
    export const counted = (async () => {
      let count = 0;
      for await (const _ of ticks(10)) if (++count === 3) return performance.now();
    })();
    AbortSignal.timeout(80).addEventListener('abort', (event) => seen.push((event.target as AbortSignal).reason.name));
    try { setTimeout('text' as never) } catch (error) { seen.push((error as { code: string }).code) }
  `);
  await host.pass(100);
  expect(exports.seen).toEqual([
    false,
    true,
    'number',
    'ERR_INVALID_ARG_TYPE',
    'promised',
    'refreshed 50',
    'slept',
    'AbortError',
    'TimeoutError',
  ]);
  expect(await exports.counted).toBe(30);
});

test('what is hung on globals, process and modules dies with the process', async () => {
  const made = await bundled({
    'service.ts': `
      import * as util from 'node:util';
      import net from 'node:net';
      import { Kafka, CompressionCodecs } from 'kafkajs';
      import pg from 'pg';
      const places: object[] = [
        globalThis, global, process, process.env, console, Math, performance, crypto, setTimeout, Date, Intl,
        Atomics, WebAssembly, navigator, AbortSignal, fetch, net, net.Socket, require('util'), Kafka,
        Kafka.prototype, CompressionCodecs, pg.defaults, pg.types, pg.Client.prototype, console.log,
        process.nextTick, process.versions, require('events').seenBefore ?? {},
      ];
      export const survived = places.filter((place) => 'seen' in place).length;
      for (const place of places) (place as { seen?: boolean }).seen = true;
      export const hung = places.filter((place) => 'seen' in place).length === places.length;
    `,
  });
  expect(start(made).exports).toMatchObject({ survived: 0, hung: true });
  expect(start(made).exports).toMatchObject({ survived: 0, hung: true });
  expect(globalThis).not.toHaveProperty('seen');
});

test('globalThis owns the standard names and is what the code says it is', async () => {
  const { exports } = await run(`
    export const same = [
      globalThis.setTimeout === setTimeout, globalThis.process === process, global === globalThis,
      globalThis.Array === Array, globalThis.Date === Date, globalThis.crypto === crypto,
      globalThis.globalThis === globalThis, typeof globalThis.Response === 'function',
    ];
    export const own = ['crypto', 'Promise', 'Map', 'URL', 'fetch'].every((name) => Object.hasOwn(globalThis, name));
    (globalThis as { added?: number }).added ??= 1;
    (globalThis as { Response?: unknown }).Response = 'mine';
    export const read = [(globalThis as { added?: number }).added, globalThis.Response];
    export const self = (function (this: unknown) { return this })();
  `);
  expect(new Set(exports.same)).toEqual(new Set([true]));
  expect(exports.own).toBe(true);
  expect(exports.read).toEqual([1, 'mine']);
  expect(exports.self).toBeUndefined();
});

test('a process tells fixed facts', async () => {
  const { exports, host } = await run(`
    export const facts = () => ({
      env: process.env.NODE_ENV, zone: process.env.TZ, home: process.env.HOME, argv: process.argv.length,
      uptime: process.uptime(), hrtime: process.hrtime(), nano: process.hrtime.bigint(),
      rss: process.memoryUsage.rss() === process.memoryUsage().rss, platform: process.platform,
      cwd: process.cwd(), pid: process.pid, tag: String(process),
    });
  `);
  host.elapsedMs = 1250;
  expect(exports.facts()).toMatchObject({
    env: 'production',
    zone: 'UTC',
    home: '/home/service',
    uptime: 1.25,
    hrtime: [1, 250_000_000],
    nano: 1_250_000_000n,
    rss: true,
    platform: 'linux',
    tag: '[object process]',
  });
  expect(exports.facts().pid).not.toBe(process.pid);
});

test('every way to end a process ends this one only', async () => {
  const { exports, host } = await run(`
    process.on('exit', (code) => console.log('leaving with', code));
    process.on('SIGTERM', (name) => console.log('heard', name));
    export const exit = () => process.exit(3);
    export const set = () => { process.exitCode = 4; process.exit(); };
    export const abort = () => process.abort();
    export const kill = () => process.kill(process.pid, 'SIGKILL');
    export const term = () => process.kill(process.pid, 'SIGTERM');
    export const other = () => process.kill(1);
  `);
  const codeOf = (end: () => void): unknown => {
    try {
      return end();
    } catch (error) {
      return error instanceof ProcessExit ? [error.code, error.message] : String(error);
    }
  };
  expect(codeOf(exports.exit)).toEqual([3, 'process.exit(3) ended the process']);
  expect(codeOf(exports.set)).toEqual([4, 'process.exit() ended the process']);
  expect(codeOf(exports.abort)).toEqual([134, 'process.abort() ended the process']);
  expect(codeOf(exports.kill)).toEqual([
    137,
    "process.kill(process.pid, 'SIGKILL') ended the process",
  ]);
  expect(codeOf(exports.term)).toBe(true);
  await host.rest();
  expect(host.lines).toEqual(['out: leaving with 3', 'out: heard SIGTERM']);
  expect(codeOf(exports.other)).toContain('sends a signal to process 1');
});

test('console is formatted as Node formats it', async () => {
  const { host } = await run(`
    console.log('%s has %d', 'alice', 30, { a: [1] });
    console.error(new Map([['k', 1]]));
    console.group('inner'); console.warn('two\\nlines'); console.groupEnd();
    console.count(); console.count(); console.assert(1 > 2, 'never'); console.assert(true, 'x');
    console.time('t'); console.timeEnd('t'); console.dir({ x: 1 }); console.table([{ a: 1 }]);
    process.stdout.write('plain\\n'); process.stderr.write('error');
  `);
  expect(host.lines).toEqual([
    'out: alice has 30 { a: [ 1 ] }',
    "err: Map(1) { 'k' => 1 }",
    'out: inner',
    'err:   two\n  lines',
    'out: default: 1',
    'out: default: 2',
    'err: Assertion failed: never',
    'out: t: 0ms',
    'out: { x: 1 }',
    expect.stringContaining('│ (index) │ a │'),
    'out: plain',
    'err: error',
  ]);
});

test('performance measures virtual time', async () => {
  const { exports, host } = await run(`
    export const begin = () => performance.mark('begin');
    export const end = () => performance.measure('work', 'begin').duration;
    export const origin = () => performance.timeOrigin;
  `);
  exports.begin();
  host.elapsedMs = 12;
  expect(exports.end()).toBe(12);
  expect(exports.origin()).toBe(host.startMs);
});

test('digests are answered, other work in background threads is refused', async () => {
  const { exports, host } = await run(`
    export const digest = async () =>
      Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc'))).toString('hex');
    export const key = () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
  `);
  expect(await exports.digest()).toMatch(/^ba7816bf8f01cfea/);
  await expect(exports.key()).rejects.toThrow('crypto.subtle.generateKey');
  expect(host.refused).toHaveLength(1);
});

test('whatever would leave the world is refused with a sentence', async () => {
  const { exports, host } = await run(`
    export const tries: Record<string, () => unknown> = {
      fetch: () => fetch('http://127.0.0.1:8080/pay'),
      socket: () => new WebSocket('ws://example.org/x'),
      channel: () => new MessageChannel(),
      broadcast: () => new BroadcastChannel('x'),
      wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
      wasm: () => WebAssembly.compile(new Uint8Array()),
    };
  `);
  const tries = exports.tries as Record<string, () => unknown>;
  for (const attempt of Object.values(tries)) {
    // oxlint-disable-next-line no-await-in-loop
    await expect((async () => attempt())()).rejects.toThrow('which the simulation cannot replay. ');
  }
  expect(host.refused.map(({ what }) => what)).toEqual([
    'opens a connection to 127.0.0.1:8080',
    'opens a connection to example.org: new WebSocket',
    'talks to another thread: new MessageChannel',
    'talks to another thread: new BroadcastChannel',
    'waits for another thread: Atomics.wait',
    'compiles in a background thread: WebAssembly.compile',
  ]);
});

test('garbage collection is never seen', async () => {
  const { exports } = await run(`
    export const kept = new WeakRef({ a: 1 }).deref();
    const registry = new FinalizationRegistry(() => {});
    registry.register({}, 1);
    export const names = [WeakRef.name, FinalizationRegistry.name];
  `);
  expect(exports.kept).toEqual({ a: 1 });
  expect(exports.names).toEqual(['WeakRef', 'FinalizationRegistry']);
});

test('a learner may name variables as globals are named', async () => {
  const { exports } = await run(`
    const console = { mine: true }; const process = 1; class Date {} let fetch = 2;
    export const mine = [console, process, new Date() instanceof Date, fetch];
  `);
  expect(exports.mine).toEqual([{ mine: true }, 1, true, 2]);
});

test('making the globals of an incarnation takes well under a millisecond', () => {
  const make = (): void => void createGlobals(new FakeHost(), { projectRoot: '/' });
  for (let i = 0; i < 300; i++) make();
  const samples = Array.from({ length: 200 }, () => {
    const from = performance.now();
    make();
    return performance.now() - from;
  }).toSorted((a, b) => a - b);
  expect(samples[100]).toBeLessThan(0.3);
});
