/**
 * Whatever clients do over TCP: their own connection ends or is answered, memory stays what was
 * sent, and others go on. Malformed single frames: server.test.ts; a seeded sample of many here,
 * a million with `npm run proof -- hostile`.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createBroker, serveBroker, type BrokerServer, type ServerClock } from '#broker';
import { decodeResponse, encodeRequest, FrameReader } from '#protocol';
import { afterEach, expect, test } from 'vitest';
import { fuzzBroker } from '../../harness/cli/measure/fuzz/drive.ts';
import { seedBase } from '../../harness/cli/seeds.ts';
import { realClock } from './real-clock.ts';

const sockets: Socket[] = [];
const troubles: unknown[] = [];
let server: BrokerServer | undefined;

async function start(clock: ServerClock = realClock): Promise<void> {
  server = await serveBroker({
    port: 0,
    clock,
    onTrouble: (error) => troubles.push(error),
    broker: ({ nodes }) => createBroker({ nodes }),
  });
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  expect(troubles).toEqual([]);
});

async function client() {
  const socket = connect(server!.port, server!.host);
  sockets.push(socket);
  socket.on('error', () => {});
  const reader = new FrameReader();
  const frames: Buffer[] = [];
  let wake = (): void => {};
  socket.on('data', (bytes) => {
    frames.push(...reader.push(bytes));
    wake();
  });
  socket.on('close', () => wake());
  await once(socket, 'connect');
  return {
    socket,
    answer: async (): Promise<Buffer | 'closed'> => {
      while (frames.length === 0 && !socket.closed) {
        await new Promise<void>((done) => (wake = done));
      }
      return frames.shift() ?? 'closed';
    },
  };
}

const metadata = encodeRequest('Metadata', 4, 77, 'c', { topics: [] });

async function isServed({ socket, answer }: Awaited<ReturnType<typeof client>>): Promise<boolean> {
  socket.write(metadata);
  const frame = await answer();
  return frame !== 'closed' && decodeResponse('Metadata', 4, frame).correlationId === 77;
}

test('a client that sends one byte at a time is answered in the end, others at once', async () => {
  await start();
  const [slow, quick] = [await client(), await client()];
  for (const [index, byte] of metadata.entries()) {
    slow.socket.write(Buffer.of(byte));
    if (index % 10 === 0) expect(await isServed(quick)).toBe(true);
  }
  expect(await slow.answer()).not.toBe('closed');
});

test('a thousand connections that stop in the middle of a frame hold up nobody', async () => {
  await start();
  const crowd = await Promise.all(Array.from({ length: 1_000 }, () => client()));
  for (const { socket } of crowd) socket.write(metadata.subarray(0, 9));
  expect(await isServed(await client())).toBe(true);
  for (const { socket } of crowd) socket.write(metadata.subarray(9));
  const answers = await Promise.all(crowd.map(({ answer }) => answer()));
  expect(answers.filter((answer) => answer !== 'closed')).toHaveLength(1_000);
}, 60_000);

test('an announced frame takes the memory of what came of it', async () => {
  await start();
  const announced = Buffer.alloc(4 + 1_000);
  announced.writeInt32BE(104_857_600);
  const before = process.memoryUsage().arrayBuffers;
  const crowd = await Promise.all(Array.from({ length: 100 }, () => client()));
  for (const { socket } of crowd) {
    for (let at = 0; at < announced.length; at += 10) socket.write(announced.subarray(at, at + 10));
  }
  expect(await isServed(await client())).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
});

test('who is silent for ten minutes is closed, who asks is not', async () => {
  let nowMs = 0;
  let due: (() => void) | undefined;
  const clock: ServerClock = {
    nowMs: () => nowMs,
    after: (_delayMs, run) => {
      due = run;
      return () => {};
    },
  };
  await start(clock);
  const [silent, lively] = [await client(), await client()];
  silent.socket.write(metadata.subarray(0, 9));
  for (let minute = 1; minute <= 11; minute++) {
    expect(await isServed(lively)).toBe(true);
    nowMs += 60_000;
    due?.();
  }
  expect(await silent.answer()).toBe('closed');
  expect(await isServed(lively)).toBe(true);
});

test('a sample of hostile frames throws nothing and disturbs nobody', () => {
  const seed = seedBase();
  const { requests, closed, roundTrips, troubles: thrown } = fuzzBroker(seed, 6_000);
  expect(thrown, `seed ${seed}`).toEqual([]);
  expect(roundTrips).toBe(12);
  expect(Math.min(requests, closed)).toBeGreaterThan(1_000);
}, 30_000);
