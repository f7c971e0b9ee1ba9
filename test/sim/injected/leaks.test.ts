import { performance } from 'node:perf_hooks';
import { afterEach, expect, test } from 'vitest';
import { snapshotShared } from '../../../harness/sim/injected/leaks.ts';
import { FakeHost } from './fake-host.ts';
import { bundled, run, start } from './learner.ts';

const clean = snapshotShared();
afterEach(() => clean.restore());

test('what a service leaves on the language itself is named and undone', async () => {
  const shared = snapshotShared();
  await run(`
    const anything = Array.prototype as never as Record<string, unknown>;
    anything.seen = new Set();
    (Promise.prototype.then as never as Record<string, unknown>).seen = 1;
    (Function('return globalThis')() as Record<string, unknown>).seen = 1;
    (Object.getPrototypeOf(async () => {}) as Record<string, unknown>).seen = 1;
    Array.prototype.at = function () { return 'mine' };
    (0, eval)('JSON').seen = 1;
  `);
  const changes = shared.compare();
  shared.restore();
  expect(changes.toSorted()).toEqual([
    '%AsyncFunction%.prototype.seen was added',
    'Array.prototype.at was replaced',
    'Array.prototype.seen was added',
    'JSON.seen was added',
    'Promise.prototype.then.seen was added',
    'globalThis.seen was added',
  ]);
  expect(shared.compare({ thorough: true })).toEqual([]);
  expect([1].at(0)).toBe(1);
});

test('hidden and removed properties are found within 32 comparisons', async () => {
  const shared = snapshotShared();
  await run(`
    Object.defineProperty(Map.prototype, 'hidden', { value: 1, configurable: true });
    delete (Object as { groupBy?: unknown }).groupBy;
    Object.defineProperty(URL.prototype, 'href', { get: () => 'mine', configurable: true });
  `);
  const thorough = shared.compare({ thorough: true });
  const found = new Set(Array.from({ length: 32 }, () => shared.compare()).flat());
  shared.restore();
  expect(thorough.toSorted()).toEqual([
    'Map.prototype.hidden was added',
    'Object.groupBy was removed',
    'URL.prototype.href was replaced',
  ]);
  expect(found).toEqual(new Set(thorough));
  expect(new URL('http://a/').href).toBe('http://a/');
});

test('what a service leaves on shared modules and libraries is named', async () => {
  const made = await bundled({
    'service.ts': `
      import { EventEmitter } from 'node:events';
      import { Kafka, CompressionCodecs } from 'kafkajs';
      import net from 'node:net';
      export { Kafka };
      export const leak = () => {
        const mark = (target: unknown) => { (target as Record<string, unknown>).seen = 1 };
        [EventEmitter, EventEmitter.prototype, Kafka, Kafka.prototype, CompressionCodecs].forEach(mark);
        mark(Object.getPrototypeOf(net.Socket.prototype));
      };
    `,
  });
  const { exports, globals } = start(made, new FakeHost());
  const shared = snapshotShared({ kafkajs: { Kafka: exports.Kafka } });
  expect(globals.host.slot).toBe('projector-0');
  exports.leak();
  const changes = shared.compare();
  shared.restore();
  expect(changes).toEqual(
    expect.arrayContaining([
      'VirtualSocket.prototype.seen was added',
      'kafkajs.Kafka.seen was added',
      'kafkajs.Kafka.prototype.seen was added',
    ]),
  );
  expect(changes.some((change) => /^events.*\.prototype\.seen was added$/.test(change))).toBe(true);
  expect(shared.compare({ thorough: true })).toEqual([]);
});

test('an honest service leaves nothing behind, however much of Node it uses', async () => {
  const shared = snapshotShared();
  const { host } = await run(`
    import { Kafka } from 'kafkajs';
    import pg from 'pg';
    import * as http from 'node:http';
    import { pipeline } from 'node:stream/promises';
    import zlib from 'node:zlib';
    import { tracingChannel } from 'node:diagnostics_channel';
    tracingChannel('x').start.subscribe(() => {});
    new Kafka({ brokers: ['broker:9092'], logLevel: 0 }).producer();
    new pg.Pool({});
    export const used = [http.METHODS.length, typeof pipeline, zlib.gzipSync('x').length, new Response('x').status];
    await0(); async function await0() { await new Promise((resolve) => setTimeout(resolve, 1)) }
  `);
  await host.pass(10);
  expect(shared.compare({ thorough: true })).toEqual([]);
});

test('functions of copied modules and the real process are watched too', async () => {
  const shared = snapshotShared();
  await run(`
    import { join, posix } from 'node:path';
    import { inspect } from 'node:util';
    import { createHash } from 'node:crypto';
    const real = Function('return process')();
    for (const place of [join, posix, inspect, createHash, real]) (place as { seen?: 1 }).seen = 1;
  `);
  const changes = shared.compare();
  shared.restore();
  expect(changes.toSorted()).toEqual([
    'crypto.createHash.seen was added',
    'path.join.seen was added',
    'path.seen was added',
    'process.seen was added',
    'util.inspect.seen was added',
  ]);
});

test('a comparison that finds nothing is short', () => {
  const shared = snapshotShared();
  for (let i = 0; i < 200; i++) shared.compare();
  const samples = Array.from({ length: 200 }, () => {
    const from = performance.now();
    shared.compare();
    return performance.now() - from;
  }).toSorted((a, b) => a - b);
  expect(samples[100]).toBeLessThan(1);
});
