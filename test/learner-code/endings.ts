/** Rows: code that does not come back, does not stay, or does not start. */
import { commit, greeter, leave, record } from './greeter.ts';
import type { Row } from './rows.ts';

export const endings: readonly Row[] = [
  {
    does: '`while (true);` in the handler',
    code: greeter({ before: 'while (true);' }),
    reads: 'greeter.ts:16 does not return: the process used 5 s of CPU in one go.',
    exit: 1,
    shows: ['greeter.ts:16'],
  },
  {
    does: 'a promise that queues itself for ever',
    code: greeter({
      before: `      const again = (): unknown => Promise.resolve().then(again);
      again();`,
    }),
    reads: 'greeter.ts:16 does not return: the process used 5 s of CPU in one go.',
    exit: 1,
    shows: ['greeter.ts:16'],
  },
  {
    does: '`process.nextTick` that calls itself for ever',
    code: greeter({
      before: `      const again = (): void => process.nextTick(again);
      again();`,
    }),
    reads:
      'greeter-0 never comes to rest: greeter.ts:16 calls process.nextTick again and ' + 'again.',
    exit: 1,
    shows: ['greeter.ts:16'],
  },
  {
    does: '`setImmediate` that calls itself for ever',
    code: greeter({
      before: `      const again = (): unknown => setImmediate(again);
      again();`,
    }),
    reads: 'greeter-0 never comes to rest: greeter.ts:16 calls setImmediate again and again.',
    exit: 1,
    shows: ['greeter.ts:16'],
  },
  {
    does: '`setTimeout` of 0 ms that sets itself for ever and does nothing',
    code: greeter({
      running: `  const again = (): unknown => setTimeout(again, 0);
  again();`,
    }),
    exit: 0,
  },
  {
    does: '`setTimeout` of 0 ms that records something each time',
    code: greeter({
      before: `      const again = (): void =>
        void ports.sink.record(greeting).then(() => setTimeout(again, 0));
      again();`,
    }),
    reads: 'greeter-0 never comes to rest: greeter.ts:17 calls sink.record again and again.',
    exit: 1,
    shows: ['greeter.ts:17'],
  },
  {
    does: '`setInterval` that nobody clears and that changes nothing',
    code: greeter({ running: '  setInterval(() => undefined, 1_000);' }),
    exit: 0,
  },
  {
    does: 'an endless loop at the top of the file',
    code: greeter({ top: 'for (;;);' }),
    reads: 'greeter.ts:4 does not return: the process used 5 s of CPU in one go.',
    exit: 1,
    shows: ['greeter.ts:4'],
  },
  {
    does: 'a loop that waits for a timer: `while (!done) await undefined`',
    code: greeter({
      before: `      let done = false;
      setTimeout(() => (done = true), 10);
      while (!done) await undefined;`,
    }),
    reads: 'greeter.ts:18 does not return: the process used 5 s of CPU in one go.',
    exit: 1,
    shows: ['greeter.ts:18'],
  },
  {
    does: '`process.exit(1)` on every message',
    code: greeter({ before: '      process.exit(1);' }),
    reads: 'greeter-0 does not stay up: it ended 10 times in a row (process.exit(1)).',
    exit: 1,
    shows: ['greeter.ts:16'],
  },
  {
    does: '`process.exit(0)` at the top of the file',
    code: greeter({ top: 'process.exit(0);' }),
    reads: 'greeter-0 does not stay up: it ended 10 times in a row (process.exit(0)).',
    exit: 1,
    shows: ['greeter.ts:4'],
  },
  {
    does: 'throws at the top of the file',
    code: greeter({ top: "const port = JSON.parse('{port: 1}');" }),
    reads:
      "greeter.ts:4 does not load: SyntaxError: Expected property name or '}' in JSON at " +
      'position 1 (line 1 column 2).',
    exit: 4,
  },
  {
    does: 'throws at the top of a file it imports',
    code: greeter({
      top: `import { port } from './settings.ts';
export const used = port;`,
    }),
    files: {
      'settings.ts': `export const port = ((): number => {
  throw new RangeError('no port is set');
})();
`,
    },
    reads: 'settings.ts:2 does not load: RangeError: no port is set.',
    exit: 4,
  },
  {
    does: 'throws in a timer',
    code: greeter({
      running: `  setTimeout(() => {
    throw new Error('too late');
  }, 10);`,
    }),
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (died of an uncaught ' +
      'exception: Error: too late).',
    exit: 1,
    shows: ['greeter.ts:22'],
  },
  {
    does: 'rejects and nobody handles it',
    code: greeter({ running: "  void Promise.reject(new Error('nobody cares'));" }),
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (died of an unhandled ' +
      'rejection: Error: nobody cares).',
    exit: 1,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a handler that throws for one message',
    code: greeter({
      before: "      if (greeting.id === 'm2') throw new TypeError('m2 is not for me');",
    }),
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (process.exit(1) after its ' +
      'consumer died of TypeError: m2 is not for me).',
    exit: 1,
    shows: ['greeter.ts:16'],
  },
  {
    does: 'throws what is not an Error',
    code: greeter({
      running: `  setTimeout(() => {
    throw 'just words';
  }, 10);`,
    }),
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (died of an uncaught ' +
      'exception: "just words").',
    exit: 1,
  },
  {
    does: 'a start that rejects',
    code: greeter({ start: "  if (slot) throw new Error('not today');" }),
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (failed to start: Error: ' +
      'not today).',
    exit: 1,
    shows: ['greeter.ts:6'],
  },
  {
    does: 'a start that never resolves',
    code: greeter({ start: '  await new Promise(() => undefined);' }),
    reads:
      'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done. ' +
      'Ten minutes later: greeter-0 has not finished starting.',
    exit: 1,
  },
  {
    does: 'a service that answers nothing',
    code: greeter({ answer: 'return undefined as never;' }),
    reads:
      'greeter.ts: greeter must resolve to an object with a function stop, so that it can ' +
      'be stopped.',
    exit: 4,
  },
  {
    does: 'a service that is not async and throws',
    code: `import type { Service } from '#kit';
export const greeter: Service = () => {
  throw new Error('at once');
};
`,
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (failed to start: Error: at ' +
      'once).',
    exit: 1,
    shows: ['greeter.ts:3'],
  },
  {
    does: 'a `stop` that never resolves',
    code: greeter({ answer: 'return { stop: () => new Promise(() => undefined) };' }),
    exit: 0,
  },
  {
    does: 'a `stop` that throws',
    code: greeter({ answer: "return { stop: async () => { throw new Error('cannot stop'); } };" }),
    exit: 0,
  },
  {
    does: 'a missing export',
    code: greeter({}).replace('const greeter:', 'const reader:'),
    reads:
      'greeter.ts does not export greeter, the service that the chapter starts; it ' +
      'exports reader.',
    exit: 4,
  },
  {
    does: 'an export that is not a function',
    code: 'export const greeter = { start: true };\n',
    reads: 'greeter.ts exports greeter, which is not a function.',
    exit: 4,
  },
  {
    does: 'a syntax error',
    code: greeter({ before: '      const = 1;' }),
    reads: 'greeter.ts:16 does not compile: Expected identifier but found "=".',
    exit: 4,
  },
  {
    does: 'an import of a file that is not there',
    code: greeter({ top: "import './setings.ts';" }),
    files: { 'settings.ts': 'export const port = 1;\n' },
    reads:
      'greeter.ts:4 imports ./setings.ts, which does not exist. Did you mean ' + './settings.ts?',
    exit: 4,
  },
  {
    does: 'an import of a package that is not installed',
    code: greeter({ top: "import 'left-padding';" }),
    reads:
      'greeter.ts:4 imports left-padding, which is not installed: npm install ' + 'left-padding.',
    exit: 4,
  },
  {
    does: 'top-level `await`',
    code: greeter({ top: 'export const ready = await Promise.resolve(true);' }),
    reads:
      'greeter.ts:4 awaits outside a function: move it into the function that starts the ' +
      'service, which runs for every process.',
    exit: 4,
  },
  {
    does: 'a consumer that dies while the process stays alive',
    code: greeter({
      onCrash: '',
      before: "      if (greeting.id === 'm2') throw new TypeError('m2 is not for me');",
    }),
    reads:
      'm2 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done. ' +
      'greeter-0 is alive but its consumer died of TypeError: m2 is not for me at ' +
      'greeter.ts:16; nobody restarted it. The same is true of closing-1.',
    exit: 1,
    shows: ['greeter.ts:16'],
  },
  {
    does: 'an error thrown by a listener of the consumer',
    code: greeter({
      onCrash: `${leave}
  consumer.on('consumer.group_join', () => {
    throw new Error('joined, and now?');
  });`,
    }),
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (process.exit(1) after its ' +
      'consumer died of Error: joined, and now?).',
    exit: 1,
    shows: ['greeter.ts:10'],
  },
  {
    does: 'an error thrown inside a listener of a socket',
    code: greeter({
      top: "import { connect } from 'node:net';",
      running: `  const [host, port] = (kafka.brokers as string[])[0]!.split(':');
  connect(Number(port), host!).on('connect', () => {
    throw new Error('connected, and now?');
  });`,
    }),
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (died of an uncaught ' +
      'exception: Error: connected, and now?).',
    exit: 1,
    shows: ['greeter.ts:23'],
  },
  {
    does: 'a listener for `uncaughtException` that carries on',
    code: greeter({
      start: "  process.on('uncaughtException', () => undefined);",
      running: `  setTimeout(() => {
    throw new Error('too late');
  }, 10);`,
    }),
    exit: 0,
  },
  {
    does: 'a listener for `unhandledRejection` that carries on',
    code: greeter({
      start: "  process.on('unhandledRejection', () => undefined);",
      running: "  void Promise.reject(new Error('nobody cares'));",
    }),
    exit: 0,
  },
  {
    does: 'a listener for `exit` that records what is left',
    code: greeter({
      top: 'const left: Greeting[] = [];',
      start: `  process.on('exit', () => {
    for (const greeting of left) void ports.sink.record(greeting);
  });`,
      handler: `left.push(greeting);\n      ${commit}\n      ${record}\n      left.pop();`,
    }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a listener for `SIGTERM` that records what is left',
    code: greeter({
      top: 'const left: Greeting[] = [];',
      start: `  process.on('SIGTERM', () => {
    for (const greeting of left) void ports.sink.record(greeting);
  });`,
      handler: `left.push(greeting);\n      ${commit}\n      ${record}\n      left.pop();`,
    }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
];

/** Rows: code that takes more memory than a process has. */
export const memory: readonly Row[] = [
  {
    does: 'an array that grows until memory is used up',
    code: greeter({
      before: `      const all: string[][] = [];
      for (;;) all.push(Array.from({ length: 10_000 }, (_, n) => \`\${n} \${greeting.body}\`));`,
    }),
    reads: 'The service used more than 512 MB of memory.',
    exit: 1,
  },
];
