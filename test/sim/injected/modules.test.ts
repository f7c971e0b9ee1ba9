import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { FakeHost } from './fake-host.ts';
import { bundled, run, start } from './learner.ts';

test('pure modules are what they are, with or without node:', async () => {
  const { exports } = await run(`
    import assert from 'node:assert';
    import { Buffer } from 'buffer';
    import { EventEmitter, once } from 'events';
    import path, { join } from 'node:path';
    import { Readable } from 'stream';
    import { pipeline } from 'node:stream/promises';
    import { StringDecoder } from 'string_decoder';
    import * as url from 'url';
    import util, { inspect } from 'util';
    import { AsyncLocalStorage } from 'node:async_hooks';
    import querystring from 'node:querystring';
    assert.equal(join('a', 'b'), path.posix.join('a', 'b'));
    export const all = [
      new EventEmitter() instanceof EventEmitter, Buffer.from('a').toString('hex'), typeof once,
      typeof Readable.from, typeof pipeline, new StringDecoder('utf8').write(Buffer.from('x')),
      url.fileURLToPath('file:///a'), inspect({ a: 1 }), util.types.isDate(new Date()),
      new AsyncLocalStorage().run(7, () => 1), querystring.parse('a=1').a,
      require('node:os') === require('os'),
    ];
  `);
  expect(exports.all).toEqual([
    true,
    '61',
    'function',
    'function',
    'function',
    'x',
    '/a',
    '{ a: 1 }',
    true,
    1,
    '1',
    true,
  ]);
});

test('import() is a promise of the module', async () => {
  const { exports } = await run(`
    export const machine = async () => (await import('node:os')).hostname();
    export const library = async () => typeof (await import('kafkajs')).Kafka;
    export const unknown = (name: string) => import(name);
  `);
  expect(await exports.machine()).toBe('projector-0');
  expect(await exports.library()).toBe('function');
  await expect(exports.unknown('./other.ts')).rejects.toThrow('by a name made while it runs');
  await expect(exports.unknown('lodash')).rejects.toMatchObject({ code: 'MODULE_NOT_FOUND' });
});

test('await using disposes', async () => {
  const { exports } = await run(`
    export const seen: string[] = [];
    export const use = async () => {
      await using held = { async [Symbol.asyncDispose]() { seen.push('disposed') } };
      seen.push('used');
    };
  `);
  await exports.use();
  expect(exports.seen).toEqual(['used', 'disposed']);
});

test('zlib answers callbacks, promises and streams as the synchronous form does', async () => {
  const { exports, host } = await run(`
    import zlib, { gzip, gunzip, gzipSync, createGzip, createGunzip } from 'node:zlib';
    import { promisify } from 'node:util';
    import { Readable } from 'node:stream';
    import { pipeline } from 'node:stream/promises';
    import { text } from 'node:stream/consumers';
    export const seen: unknown[] = [];
    gzip('hello', (error, zipped) => gunzip(zipped, (_, plain) => seen.push('callback ' + plain)));
    gunzip(Buffer.from('nonsense'), (error) => seen.push((error as { code?: string }).code));
    promisify(zlib.deflate)('abc').then((zipped) => seen.push(zlib.inflateSync(zipped).toString()));
    const unzipped = Readable.from(['a', 'b']).pipe(createGzip()).pipe(new zlib.Gunzip());
    text(unzipped).then((all) => seen.push('stream ' + all));
    pipeline(Readable.from(['x']), createGunzip(), async function* (source) { yield* source })
      .catch((error) => seen.push('pipeline ' + error.code));
    export const zipped = gzipSync('sync');
  `);
  await host.rest();
  expect(exports.seen.toSorted()).toEqual([
    'Z_DATA_ERROR',
    'abc',
    'callback hello',
    'pipeline Z_BUF_ERROR',
    'stream ab',
  ]);
  expect(gunzipSync(exports.zipped).toString()).toBe('sync');
});

test('crypto answers callbacks from the synchronous form and draws from the seed', async () => {
  const made = await bundled({
    'service.ts': `
      import * as crypto from 'node:crypto';
      import { promisify } from 'node:util';
      export const seen: unknown[] = [];
      crypto.randomBytes(4, (_, bytes) => seen.push('bytes ' + bytes.toString('hex')));
      crypto.randomInt(5, (_, n) => seen.push('int ' + n));
      crypto.randomFill(new Uint8Array(2), (_, bytes) => seen.push('fill ' + bytes.join()));
      crypto.pbkdf2('p', 's', 1, 8, 'sha256', (_, key) =>
        seen.push(key.equals(crypto.pbkdf2Sync('p', 's', 1, 8, 'sha256'))));
      promisify(crypto.scrypt)('p', 's', 8).then((key) => seen.push('scrypt ' + (key as Buffer).length));
      crypto.hkdf('sha256', 'k', 's', 'i', 8, (_, key) => seen.push('hkdf ' + key.byteLength));
      seen.push(crypto.createHash('sha256').update('abc').digest('hex').slice(0, 8));
      seen.push(crypto.createHmac('sha1', 'k').update('abc').digest('hex').length);
      seen.push(crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a')), crypto.webcrypto === globalThis.crypto);
      seen.push(crypto.getRandomValues(new Uint8Array(2)).join());
      seen.push(crypto.generateKeySync('hmac', { length: 64 }).symmetricKeySize);
      export const pair = () => crypto.generateKeyPairSync('ed25519');
    `,
  });
  const drawn = async (): Promise<unknown[]> => {
    const host = new FakeHost();
    const { exports } = start(made, host);
    await host.rest();
    expect(exports.pair).toThrow('makes keys from randomness that cannot be seeded');
    return exports.seen;
  };
  const first = await drawn();
  expect(first).toHaveLength(12);
  expect(first).toContain('ba7816bf');
  expect(first).toEqual(await drawn());
});

test('files of the project can be read, nothing else and nothing written', async () => {
  const made = await bundled({
    'service.ts': `
      import fs, { readFileSync, existsSync, createReadStream } from 'node:fs';
      import { readFile, writeFile } from 'node:fs/promises';
      import { text } from 'node:stream/consumers';
      import data from './data.json' with { type: 'json' };
      const file = import.meta.dirname + '/data.json';
      export const read = async () => [
        readFileSync(file, 'utf8'), await readFile(file, 'utf8'), existsSync(file), existsSync('nowhere'),
        fs.statSync(file).isFile(), await text(createReadStream(file)), data.x,
        readFileSync(new URL('./data.json', import.meta.url), 'utf8'),
      ];
      export const called = () => new Promise((resolve) => fs.readFile('nowhere', (error) => resolve(error?.code)));
      export const outside = () => readFileSync('/etc/hostname');
      export const write = () => fs.writeFileSync(file, 'x');
      export const writeLater = () => writeFile(file, 'x');
      export const log = () => fs.writeSync(1, 'logged\\n');
    `,
    'data.json': '{"x":1}',
  });
  const host = new FakeHost();
  writeFileSync(join(made.projectRoot, '.crashproof/service.cjs'), '');
  const { exports } = start(made, host);
  expect(await exports.read()).toEqual([
    '{"x":1}',
    '{"x":1}',
    true,
    false,
    true,
    '{"x":1}',
    1,
    '{"x":1}',
  ]);
  const called = exports.called();
  await host.rest();
  expect(await called).toBe('ENOENT');
  expect(host.refused).toEqual([]);
  expect(exports.outside).toThrow('reads /etc/hostname, a file outside the project');
  expect(exports.write).toThrow('changes files: fs.writeFileSync');
  await expect(exports.writeLater()).rejects.toThrow('changes files: fs.promises.writeFile');
  exports.log();
  expect(host.lines).toEqual(['out: logged']);
});

test('a socket connects, writes what was corked as one, reads, times out and closes', async () => {
  const { exports, host } = await run(`
    import net from 'node:net';
    export const seen: unknown[] = [];
    export const socket = new net.Socket();
    socket.connect(9092, 'broker', () => seen.push('connected'));
    socket.setNoDelay(true).setKeepAlive(true);
    socket.on('data', (bytes) => seen.push(bytes.toString()));
    socket.on('timeout', () => seen.push('timeout ' + performance.now()));
    socket.on('end', () => seen.push('end'));
    socket.on('close', () => seen.push('closed'));
    socket.setTimeout(100);
    socket.write('early');
    seen.push(socket.connecting, socket.readyState, socket.remoteAddress);
    export const corked = () => {
      socket.cork();
      socket.write('a');
      socket.write('b');
      process.nextTick(() => socket.uncork());
    };
    export const short = net.connect({ host: 'localhost', port: 9092 });
    export const isSocket = short instanceof net.Socket;
  `);
  const line = host.connections[0]?.line;
  expect(host.connections.map(({ address }) => address)).toEqual([
    { host: 'broker', port: 9092 },
    { host: 'localhost', port: 9092 },
  ]);
  await host.rest();
  expect(line?.written).toEqual([]);
  line?.open();
  await host.rest();
  exports.corked();
  await host.rest();
  expect(line?.written).toEqual(['early', 'ab']);
  line?.answer('hello');
  await host.pass(150);
  line?.push(null);
  await host.rest();
  expect(exports.seen).toEqual([
    true,
    'opening',
    '10.0.0.1',
    'connected',
    'hello',
    'timeout 100',
    'end',
    'closed',
  ]);
  expect(line?.destroyed).toBe(true);
  expect(exports.isSocket).toBe(true);
});

test('a broken connection reaches the client as an error', async () => {
  const { exports, host } = await run(`
    import { createConnection } from 'node:net';
    export const seen: string[] = [];
    createConnection(9092, 'localhost')
      .on('error', (error) => seen.push((error as { code?: string }).code ?? ''))
      .on('close', (hadError) => seen.push('closed ' + hadError));
  `);
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  host.connections[0]?.line.destroy(reset);
  await host.rest();
  expect(exports.seen).toEqual(['ECONNRESET', 'closed true']);
});

test('names of the world resolve, others are refused', async () => {
  const { exports, host } = await run(`
    import dns from 'node:dns';
    import { lookup } from 'node:dns/promises';
    export const seen: unknown[] = [];
    dns.lookup('broker', (_, address, family) => seen.push([address, family]));
    dns.lookup('localhost', { all: true }, (_, all) => seen.push(all));
    export const found = () => lookup('::1');
    export const unknown = () => lookup('example.org');
    export const records = () => dns.resolve4('broker', () => {});
  `);
  await host.rest();
  expect(exports.seen).toEqual([['10.0.0.1', 4], [{ address: '127.0.0.1', family: 4 }]]);
  expect(await exports.found()).toEqual({ address: '::1', family: 6 });
  await expect(exports.unknown()).rejects.toThrow('looks up the address of example.org');
  expect(exports.records).toThrow('asks a name server: dns.resolve4');
});

test('modules that leave the world can be imported and extended, not used', async () => {
  const { exports, host } = await run(`
    import { spawn } from 'node:child_process';
    import { Worker, isMainThread } from 'node:worker_threads';
    import cluster from 'node:cluster';
    import * as http from 'node:http';
    import https from 'https';
    import http2 from 'http2';
    import dgram from 'dgram';
    import inspector from 'inspector';
    import vm from 'vm';
    import v8 from 'v8';
    import { DatabaseSync } from 'node:sqlite';
    import test from 'node:test';
    import tls from 'tls';
    import net from 'net';
    import readline from 'readline';
    import { createHook } from 'async_hooks';
    import { createRequire } from 'module';
    class Agent extends http.Agent { mine = true }
    export const facts = [isMainThread, cluster.isPrimary, http.STATUS_CODES[404],
      http.METHODS.includes('GET'), new Agent().mine,
      v8.deserialize(v8.serialize({ a: 1 })).a, createRequire(import.meta.url)('os').EOL];
    export const tries = [
      () => spawn('ls'), () => new Worker('x'), () => cluster.fork(),
      () => http.get('http://x'), () => https.request('x'),
      () => http2.connect('x'), () => dgram.createSocket('udp4'),
      () => new inspector.Session(), () => vm.runInThisContext('1'),
      () => v8.getHeapStatistics(), () => new DatabaseSync('x'), () => test.it('x'), () => tls.connect({ port: 1 }),
      () => net.createServer().listen(80), () => readline.createInterface({}), () => createHook({}),
      () => createRequire(import.meta.url)('lodash'), () => process.dlopen({}, 'x'), () => process.chdir('/'),
      () => net.connect('/tmp/socket'),
    ];
  `);
  expect(exports.facts).toEqual([true, true, 'Not Found', true, true, 1, '\n']);
  for (const attempt of exports.tries) expect(attempt).toThrow('cannot replay. ');
  expect(host.refused.map(({ what }) => what)).toEqual([
    'starts a program: child_process.spawn',
    'uses threads or processes of its own: worker_threads.Worker',
    'uses threads or processes of its own: cluster.fork',
    'speaks HTTP: http.get',
    'speaks HTTP: https.request',
    'speaks HTTP: http2.connect',
    'sends datagrams: dgram.createSocket',
    'reaches into the engine: inspector.Session',
    'reaches into the engine: vm.runInThisContext',
    'reaches into the engine: v8.getHeapStatistics',
    'opens a database of its own: sqlite.DatabaseSync',
    'defines tests: test.it',
    'encrypts a connection: tls.connect',
    'listens on a port: net.createServer',
    'reads from a terminal: readline.createInterface',
    'watches the whole thread: async_hooks.createHook',
    'loads lodash by a require of its own: module.createRequire',
    'loads a part in machine code: process.dlopen',
    'changes the working directory: process.chdir',
    'opens a connection to /tmp/socket',
  ]);
});

test('diagnostics channels belong to one process', async () => {
  const made = await bundled({
    'service.ts': `
      import { channel, subscribe, tracingChannel, hasSubscribers } from 'node:diagnostics_channel';
      export const before = hasSubscribers('pay');
      export const seen: unknown[] = [];
      subscribe('pay', (message, name) => seen.push([message, name]));
      channel('pay').publish('p1');
      const traced = tracingChannel('work');
      traced.start.subscribe(() => seen.push('start'));
      traced.traceSync(() => seen.push('run'));
    `,
  });
  start(made);
  const { exports } = start(made);
  expect(exports.before).toBe(false);
  expect(exports.seen).toEqual([['p1', 'pay'], 'start', 'run']);
});

test('kafkajs and pg load and reach for the world only', async () => {
  const { exports, host } = await run(`
    import { Kafka, logLevel } from 'kafkajs';
    import pg, { Pool } from 'pg';
    const producer = new Kafka({ brokers: ['broker:9092'], logLevel: logLevel.NOTHING }).producer();
    export const connecting = producer.connect().catch((error) => error.name);
    export const pool = new Pool({ host: 'broker', port: 9092, user: 'x', database: 'y' });
    export const query = pool.query('select 1').catch((error) => error.message);
    export const same = pg.Pool === Pool;
  `);
  await host.rest();
  expect(host.connections.length).toBeGreaterThanOrEqual(2);
  for (const { line } of host.connections) line.open();
  await host.rest();
  const sent = host.connections.map(({ line }) => line.written.join(''));
  expect(sent.some((bytes) => bytes.includes('kafkajs'))).toBe(true);
  expect(sent.some((bytes) => bytes.includes('user\0x\0database\0y'))).toBe(true);
  expect(exports.same).toBe(true);
  expect(host.refused).toEqual([]);
});

test('AsyncLocalStorage is carried through timers and ends with the callback', async () => {
  const { exports, host } = await run(`
    import { AsyncLocalStorage } from 'node:async_hooks';
    import net from 'node:net';
    const context = new AsyncLocalStorage<string>();
    export const seen: unknown[] = [];
    const note = (where: string) => seen.push(where + ' ' + context.getStore());
    context.run('p1', () => {
      setTimeout(note, 5, 'timeout');
      setImmediate(note, 'immediate');
      process.nextTick(note, 'tick');
      Promise.resolve().then(() => note('promise'));
      net.connect(9092, 'broker').on('data', () => note('data'));
    });
    setTimeout(() => context.enterWith('stays here'), 6);
    setTimeout(note, 7, 'later');
  `);
  host.connections[0]?.line.open();
  host.connections[0]?.line.answer('x');
  await host.pass(10);
  expect(exports.seen.toSorted()).toEqual([
    'data p1',
    'immediate p1',
    'later undefined',
    'promise p1',
    'tick p1',
    'timeout p1',
  ]);
});
