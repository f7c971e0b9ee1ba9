import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createBroker, serveBroker, type BrokerServer } from '#broker';
import { decodeResponse, encodeRequest, FrameReader } from '#protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { batchOf } from './desk.ts';
import { realClock } from './real-clock.ts';

let server: BrokerServer;
const sockets: Socket[] = [];
const troubles: unknown[] = [];

beforeEach(async () => {
  troubles.length = 0;
  server = await serveBroker({
    port: 0,
    clock: realClock,
    onTrouble: (error) => troubles.push(error),
    broker: (address) => {
      const broker = createBroker(address);
      broker.createTopic('t', 1);
      return broker;
    },
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
  expect(troubles).toEqual([]);
});

async function client() {
  const socket = connect(server.port, server.host);
  sockets.push(socket);
  const frames: Buffer[] = [];
  const reader = new FrameReader();
  let wake = (): void => {};
  let closed = false;
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    frames.push(...reader.push(bytes));
    wake();
  });
  socket.on('close', () => {
    closed = true;
    wake();
  });
  await once(socket, 'connect');
  return {
    socket,
    frame: async (): Promise<Buffer | 'closed'> => {
      while (frames.length === 0 && !closed) await new Promise<void>((done) => (wake = done));
      return frames.shift() ?? 'closed';
    },
  };
}

const metadata = encodeRequest('Metadata', 4, 77, 'c', { topics: [] });
function fetch(correlationId: number, maxWaitMs: number): Buffer {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }];
  const topics = [{ topic: 't', partitions }];
  return encodeRequest('Fetch', 11, correlationId, 'c', { maxWaitMs, minBytes: 1, topics });
}

async function expectAlive(): Promise<void> {
  const other = await client();
  other.socket.write(metadata);
  const frame = (await other.frame()) as Buffer;
  const { body } = decodeResponse('Metadata', 4, frame);
  expect(body.brokers).toMatchObject([{ host: server.host, port: server.port }]);
}

test('a client is told the address on which it came', expectAlive);

test('a request behind a parked fetch is answered after it, when time is up', async () => {
  const { socket, frame } = await client();
  socket.write(Buffer.concat([fetch(1, 50), metadata]));
  expect(((await frame()) as Buffer).readInt32BE(0)).toBe(1);
  expect(((await frame()) as Buffer).readInt32BE(0)).toBe(77);
});

test('an append by another client answers a parked fetch long before its time', async () => {
  const reader = await client();
  const writer = await client();
  reader.socket.write(fetch(1, 600_000));
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf(['a']) }] }];
  writer.socket.write(
    encodeRequest('Produce', 7, 2, 'c', { acks: -1, timeoutMs: 1000, topicData }),
  );
  const { body } = decodeResponse('Fetch', 11, (await reader.frame()) as Buffer);
  expect(body.responses[0].partitions[0].highWatermark).toBe(1);
});

test.each([
  ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a negative length', Buffer.alloc(8, 255)],
  ['an unknown key', Buffer.from([0, 0, 0, 10, 3, 231, 0, 0, 0, 0, 0, 1, 255, 255])],
])('%s closes that connection and no other', async (_name, bytes) => {
  const bystander = await client();
  const hostile = await client();
  hostile.socket.write(bytes);
  expect(await hostile.frame()).toBe('closed');
  bystander.socket.write(metadata);
  expect(await bystander.frame()).not.toBe('closed');
});

test('what was asked before the garbage is still answered', async () => {
  const { socket, frame } = await client();
  socket.write(
    Buffer.concat([metadata, Buffer.from([0, 0, 0, 10, 3, 231, 0, 0, 0, 0, 0, 1, 255, 255])]),
  );
  expect(((await frame()) as Buffer).readInt32BE(0)).toBe(77);
  expect(await frame()).toBe('closed');
});

test('a client that closes its half, or goes away with a parked fetch, harms nobody', async () => {
  const half = await client();
  half.socket.write(fetch(1, 600_000));
  half.socket.end();
  expect(await half.frame()).toBe('closed');
  const gone = await client();
  gone.socket.write(fetch(1, 20));
  gone.socket.resetAndDestroy();
  await expectAlive();
});

test('a client that sends much and reads nothing holds up only itself', async () => {
  const greedy = await client();
  greedy.socket.pause();
  greedy.socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => metadata)));
  await expectAlive();
  greedy.socket.resume();
  for (let count = 0; count < 20_000; count++) expect(await greedy.frame()).not.toBe('closed');
});

test('a busy port is a sentence with a way out', async () => {
  const again = serveBroker({ port: server.port, clock: realClock, broker: () => createBroker() });
  await expect(again).rejects.toMatchObject({
    code: 'PORT_BUSY',
    message: expect.stringContaining(`Port ${server.port} on 127.0.0.1 is taken`),
  });
});

async function program(args: string[]) {
  const child = spawn(process.execPath, ['harness/cli/broker.ts', ...args]);
  let output = '';
  let wake = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += String(text);
      wake();
    });
  }
  const ended = once(child, 'exit');
  return {
    child,
    ended,
    output: () => output,
    said: async (text: string) => {
      while (!output.includes(text)) {
        await Promise.race([new Promise<void>((done) => (wake = done)), ended]);
        if (child.exitCode !== null && !output.includes(text)) throw new Error(output);
      }
    },
  };
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'the program says when it is ready; %s ends it',
  async (s) => {
    const { child, ended, said, output } = await program(['--port', '0', '--topic', 'orders:3']);
    await said('\n');
    expect(output()).toMatch(/^Broker ready on 127\.0\.0\.1:\d+, topics orders:3\..*\n$/);
    child.kill(s);
    expect(await ended).toEqual([0, null]);
  },
);

test('the program says as which Kafka it answers where that is not the default', async () => {
  const { child, ended, said, output } = await program(['--port', '0', '--profile', 'kafka-4']);
  await said('\n');
  expect(output()).toMatch(/^Broker ready on 127\.0\.0\.1:\d+, as kafka-4\..*\n$/);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('the program serves a cluster on ports of its own', async () => {
  const { child, ended, said, output } = await program(['--port', '0', '--nodes', '3']);
  await said('\n');
  expect(output()).toMatch(/^3 nodes ready on (127\.0\.0\.1:\d+(, )?){3}\. Ctrl\+C ends them\.\n$/);
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});

test('a cluster that finds one of its ports taken leaves none behind', async () => {
  const { blocker, port } = await blockAPort();
  const cluster = { port: port - 1, nodeIds: [1, 2], clock: realClock };
  const started = serveBroker({ ...cluster, broker: () => createBroker() });
  await expect(started).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken.`);
  expect(await isFree(port - 1)).toBe(true);
  blocker.close();
});

/** One with a free port before it. */
async function blockAPort(): Promise<{ blocker: Server; port: number }> {
  for (;;) {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    if (await isFree(port - 1)) return { blocker, port };
    blocker.close();
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
    probe.close();
    await once(probe, 'close');
    return true;
  } catch {
    return false;
  }
}

test('the program with a busy port says so, with a wrong option how it is used', async () => {
  const busy = await program(['--port', String(server.port)]);
  expect(await busy.ended).toEqual([2, null]);
  expect(busy.output()).toMatch(/^Port \d+ on 127\.0\.0\.1 is taken\. .*\n$/);
  const wrong = await program(['--prot', '1']);
  expect(await wrong.ended).toEqual([2, null]);
  expect(wrong.output()).toContain('Usage: npm run broker');
  const profile = await program(['--profile', 'kafka-2']);
  expect(await profile.ended).toEqual([2, null]);
  expect(profile.output()).toContain('--profile wants kafka-3.9 or kafka-4, not "kafka-2".');
  const topic = await program(['--topic', 'a b']);
  expect(await topic.ended).toEqual([2, null]);
  for (const args of [
    ['--topic', 'a b'],
    ['--nodes', '0'],
    ['--nodes', '3', '--port', '65535'],
  ]) {
    const wrongToo = await program(args);
    expect(await wrongToo.ended).toEqual([2, null]);
  }
});
