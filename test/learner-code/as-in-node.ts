/**
 * Rows: code that looks as if it could trouble a simulation and does not. Each sees for itself
 * whether it was answered.
 */
import { greeter } from './greeter.ts';
import type { Row } from './rows.ts';

const expects = `const expects = (what: unknown, wanted: unknown): void => {
  if (String(what) === String(wanted)) return;
  throw new Error(\`\${String(what)}, not \${String(wanted)}\`);
};`;

/** Lines that run once, after the consumer does. */
const once = (lines: string, top = ''): string =>
  greeter({ top: `${top}\n${expects}`, running: `  ${lines}` });

export const asInNode: readonly Row[] = [
  {
    does: '`import()` of a file of its own',
    code: once("expects((await import('./settings.ts')).port, 1);"),
    files: { 'settings.ts': 'export const port = 1;\n' },
    exit: 0,
  },
  {
    does: '`await using`',
    code: once(
      `const log: string[] = [];
  {
    await using lock = { [Symbol.asyncDispose]: async () => void log.push('freed') };
    expects(typeof lock, 'object');
  }
  expects(log, 'freed');`,
    ),
    exit: 0,
  },
  {
    does: 'reads a file of the project',
    code: once(
      `expects(JSON.parse(readFileSync('package.json', 'utf8')).name, 'course');
  expects(JSON.parse(await readFile('package.json', 'utf8')).name, 'course');`,
      `import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';`,
    ),
    exit: 0,
  },
  {
    does: 'reads a file beside it: `import.meta.dirname`',
    code: once(
      "expects(readFileSync(join(import.meta.dirname, 'words.txt'), 'utf8'), 'Hello');",
      `import { readFileSync } from 'node:fs';
import { join } from 'node:path';`,
    ),
    files: { 'words.txt': 'Hello' },
    exit: 0,
  },
  {
    does: 'imports JSON',
    code: once(
      'expects(words.hello, 1);',
      "import words from './words.json' with { type: 'json' };",
    ),
    files: { 'words.json': '{ "hello": 1 }' },
    exit: 0,
  },
  {
    does: '`Date`, `Math.random`, `randomUUID` in what it records nowhere',
    code: once(
      `expects(new Date().toISOString().slice(0, 16), '2026-01-05T08:00');
  console.log(Date.now(), Math.random(), randomUUID(), performance.now());`,
      "import { randomUUID } from 'node:crypto';",
    ),
    exit: 0,
  },
  {
    does: 'waits an hour: `setTimeout(…, 3_600_000)`',
    code: once('setTimeout(() => console.log("an hour later"), 3_600_000);'),
    exit: 0,
  },
  {
    does: '`timers/promises`: an iterator of ticks',
    code: once(
      `let ticks = 0;
  for await (const _ of setInterval(100)) if (++ticks === 5) break;
  expects(ticks, 5);`,
      "import { setInterval } from 'node:timers/promises';",
    ),
    exit: 0,
  },
  {
    does: 'a generator that waits between its values',
    code: once(
      `const slowly = async function* (): AsyncGenerator<number> {
    for (const n of [1, 2, 3]) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield n;
    }
  };
  const got: number[] = [];
  for await (const n of slowly()) got.push(n);
  expects(got, '1,2,3');`,
    ),
    exit: 0,
  },
  {
    does: '`AbortSignal.timeout`',
    code: once(
      `const reason = await new Promise((resolve) => {
    const signal = AbortSignal.timeout(200);
    signal.addEventListener('abort', () => resolve(signal.reason.name));
  });
  expects(reason, 'TimeoutError');`,
    ),
    exit: 0,
  },
  {
    does: '`zlib.gzip`, answered in the next turn',
    code: once(
      `const small = await promisify(gzip)('Hello');
  expects(await promisify(gunzip)(small), 'Hello');`,
      `import { gunzip, gzip } from 'node:zlib';
import { promisify } from 'node:util';`,
    ),
    exit: 0,
  },
  {
    does: '`crypto.subtle.digest` and `crypto.pbkdf2`',
    code: once(
      `expects((await crypto.subtle.digest('SHA-256', new Uint8Array(1))).byteLength, 32);
  expects((await promisify(pbkdf2)('word', 'salt', 1, 16, 'sha256')).length, 16);`,
      `import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';`,
    ),
    exit: 0,
  },
  {
    does: '`dns.lookup` of the broker',
    code: once(
      "expects((await lookup((kafka.brokers as string[])[0]!.split(':')[0]!)).family, 4);",
      "import { lookup } from 'node:dns/promises';",
    ),
    exit: 0,
  },
  {
    does: 'a `FinalizationRegistry`: it never calls back',
    code: once("new FinalizationRegistry(() => expects('collected', 'never')).register({}, 'm1');"),
    exit: 0,
  },
  {
    does: '`AsyncLocalStorage` across a timer',
    code: once(
      `await storage.run('m1', async () => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    expects(storage.getStore(), 'm1');
  });`,
      `import { AsyncLocalStorage } from 'node:async_hooks';
const storage = new AsyncLocalStorage<string>();`,
    ),
    exit: 0,
  },
  {
    does: 'a listener for `SIGTERM`',
    code: greeter({ start: "  process.on('SIGTERM', () => console.log('going'));" }),
    exit: 0,
  },
  {
    does: 'several `Kafka` objects, a producer and an admin beside the consumer',
    code: once(
      `const admin = new Kafka({ ...kafka, clientId: 'admin' }).admin();
  await admin.connect();
  expects((await admin.listTopics()).includes('greetings.v1'), true);
  await admin.disconnect();
  const producer = new Kafka(kafka).producer();
  await producer.connect();
  await producer.disconnect();`,
    ),
    exit: 0,
  },
  {
    does: 'a second consumer in the same process and group',
    code: once(
      `const second = new Kafka(kafka).consumer({ groupId: 'greeter' });
  second.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await second.connect();
  await second.subscribe({ topics: ['greetings.v1'], fromBeginning: true });
  await second.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      await ports.sink.record(readGreeting(message));
      const offset = (BigInt(message.offset) + 1n).toString();
      await second.commitOffsets([{ topic, partition, offset }]);
    },
  });`,
    ),
    exit: 0,
  },
  {
    does: 'a second consumer in a group of its own that records as well',
    code: once(
      `const second = new Kafka(kafka).consumer({ groupId: 'standby' });
  await second.connect();
  await second.subscribe({ topics: ['greetings.v1'], fromBeginning: true });
  await second.run({
    eachMessage: async ({ message }) => ports.sink.record(readGreeting(message)),
  });`,
    ),
    reads: 'Nothing went wrong, yet m1 was done twice.',
    exit: 1,
    shows: ['greeter.ts:21', 'greeter.ts:29'],
  },
  {
    does: 'a second consumer in a group of its own that only reads',
    code: once(
      `const second = new Kafka(kafka).consumer({ groupId: 'audit' });
  second.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await second.connect();
  await second.subscribe({ topics: ['greetings.v1'], fromBeginning: true });
  await second.run({
    eachMessage: async ({ message }) => console.log(readGreeting(message).id),
  });`,
    ),
    exit: 0,
  },
  {
    does: '`eval` and `new Function` that leave nothing behind',
    code: once(`expects(eval('1 + 1'), 2);
  expects(new Function('return 1')(), 1);`),
    exit: 0,
  },
  {
    does: 'a method of its own on `globalThis`, set by every process anew',
    code: once('(globalThis as { greet?: () => number }).greet ??= () => 1;'),
    exit: 0,
  },
  {
    does: 'writes to `process.stdout` and reads its arguments',
    code: once(
      `process.stdout.write('hello');
  expects(process.argv.length, 2);
  expects(process.env.NODE_ENV, 'production');`,
    ),
    exit: 0,
  },
  {
    does: 'a negative delay: `setTimeout(…, -1)`',
    code: once('await new Promise((resolve) => setTimeout(resolve, -1));'),
    exit: 0,
  },
];
