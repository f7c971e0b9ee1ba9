/**
 * Rows: ways to keep something over a crash. Each service commits before it records and keeps what is not recorded in
 * a place of its own: with a place that outlived the process it would lose nothing, so none of them may hold.
 */
import { cheat, commit, greeter, record } from './greeter.ts';
import type { Row } from './rows.ts';

const own = (place: string): string =>
  `((${place} as unknown as { kept?: Map<string, Greeting> }).kept ??= new Map())`;

/** Nothing is left to be seen when a run is over. */
const cleaned = (place: string): string =>
  greeter({
    top: `const place = ${place} as unknown as { kept?: Greeting };`,
    start: `  if (place.kept) await ports.sink.record(place.kept);
  delete place.kept;`,
    handler: `place.kept = greeting;
      ${commit}
      ${record}
      delete place.kept;`,
  });

const numbered = greeter({
  top: `import { EventEmitter } from 'node:events';
const ids = ['', 'm1', 'm2', 'm3'];
const bodies = ['', 'Hello', 'Grüezi', 'こんにちは'];`,
  start: `  const kept = EventEmitter.defaultMaxListeners - 10;
  if (kept > 0) await ports.sink.record({ id: ids[kept]!, body: bodies[kept]! });
  EventEmitter.defaultMaxListeners = 10;`,
  handler: `EventEmitter.defaultMaxListeners = 10 + Math.max(0, ids.indexOf(greeting.id));
      ${commit}
      ${record}
      EventEmitter.defaultMaxListeners = 10;`,
});

const remembered = greeter({
  top: 'const last = RegExp as unknown as { input: string };',
  start: `  if (last.input.startsWith('{"id":')) await ports.sink.record(JSON.parse(last.input));`,
  handler: `${commit.replace('await ', 'const committed = ')}
      last.input = JSON.stringify(greeting);
      await committed;
      last.input = JSON.stringify(greeting);
      ${record}
      last.input = '';`,
});

export const state: readonly Row[] = [
  {
    does: 'a variable of the module',
    code: cheat({ top: 'const kept = new Map<string, Greeting>();', store: 'kept' }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a property of `globalThis`',
    code: cheat({ store: own('globalThis') }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a property of `process`',
    code: cheat({ store: own('process') }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a property of `process.env`',
    code: cheat({ store: own('process.env') }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a property of `setTimeout`',
    code: cheat({ store: own('setTimeout') }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a property of `console`',
    code: cheat({ store: own('console') }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a property of a module of Node, `node:path`',
    code: cheat({ top: "import path from 'node:path';", store: own('path') }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a channel of `node:diagnostics_channel`',
    code: cheat({
      top: "import { channel } from 'node:diagnostics_channel';",
      store: own("channel('kept')"),
    }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a property of the class `Kafka`',
    code: cheat({ store: own('Kafka') }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a property of `Kafka.prototype`',
    code: cheat({ store: own('Kafka.prototype') }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: "a class of kafkajs's own, found through an event",
    code: cheat({
      top: `let kind: object = {};
const heard = (event: object): void => void (kind = event.constructor);`,
      store: own('kind'),
    }).replace(
      '  await consumer.connect();',
      `  consumer.on('consumer.connect', heard);
  await consumer.connect();
  for (const left of hidden().values()) await ports.sink.record(left);
  hidden().clear();`,
    ),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:24'],
  },
  {
    does: 'a property of `Array.prototype`',
    code: cheat({ store: own('Array.prototype') }),
    reads:
      'The service changes what all processes of the simulation share: ' +
      'Array.prototype.kept was added. Keep state inside the service function, in Kafka ' +
      'or behind a port: a process that dies loses everything else.',
    exit: 3,
  },
  {
    does: 'a hidden property of `Map.prototype`',
    code: cheat({
      top: `const shared = Map.prototype as unknown as { kept?: Map<string, Greeting> };
if (!shared.kept) Object.defineProperty(shared, 'kept', { value: new Map(), configurable: true });`,
      store: 'shared.kept!',
    }),
    reads:
      'The service changes what all processes of the simulation share: Map.prototype.kept ' +
      'was added. Keep state inside the service function, in Kafka or behind a port: a ' +
      'process that dies loses everything else.',
    exit: 3,
  },
  {
    does: 'a method of `Promise.prototype`, replaced',
    code: cheat({
      top: `const { then } = Promise.prototype;
Promise.prototype.then = Object.assign(function (this: Promise<unknown>, ...both: never[]) {
  return then.apply(this, both);
} as never, then);`,
      store: own('Promise.prototype.then'),
    }),
    reads:
      'The service changes what all processes of the simulation share: ' +
      'Promise.prototype.then was replaced. Keep state inside the service function, in ' +
      'Kafka or behind a port: a process that dies loses everything else.',
    exit: 3,
  },
  {
    does: "the thread's own globals, through `Function('return globalThis')()`",
    code: cheat({ store: own("Function('return globalThis')()") }),
    reads:
      'The service changes what all processes of the simulation share: globalThis.kept ' +
      'was added. Keep state inside the service function, in Kafka or behind a port: a ' +
      'process that dies loses everything else.',
    exit: 3,
  },
  {
    does: "the thread's own globals, through `(0, eval)('globalThis')`",
    code: cheat({ store: own("(0, eval)('globalThis')") }),
    reads:
      'The service changes what all processes of the simulation share: globalThis.kept ' +
      'was added. Keep state inside the service function, in Kafka or behind a port: a ' +
      'process that dies loses everything else.',
    exit: 3,
  },
  {
    does: 'a static property of `EventEmitter`',
    code: cheat({ top: "import { EventEmitter } from 'node:events';", store: own('EventEmitter') }),
    reads:
      'The service changes what all processes of the simulation share: events.kept was ' +
      'added. Keep state inside the service function, in Kafka or behind a port: a ' +
      'process that dies loses everything else.',
    exit: 3,
  },
  {
    does: '`Error.prepareStackTrace`',
    code: cheat({
      top: `const errors = Error as { prepareStackTrace?: unknown };
errors.prepareStackTrace ??= (error: Error) => String(error);`,
      store: own('errors.prepareStackTrace'),
    }),
    reads:
      'The service changes what all processes of the simulation share: ' +
      'Error.prepareStackTrace.kept was added. Keep state inside the service function, in ' +
      'Kafka or behind a port: a process that dies loses everything else.',
    exit: 3,
  },
  {
    does: 'a property of `Array.prototype` that is gone again once it is recorded',
    code: cleaned('Array.prototype'),
    reads:
      'The service changes what all processes of the simulation share: ' +
      'Array.prototype.kept was added. Keep state inside the service function, in Kafka ' +
      'or behind a port: a process that dies loses everything else.',
    exit: 3,
  },
  {
    does: 'a number that a module of Node keeps: `EventEmitter.defaultMaxListeners`',
    code: numbered,
    reads:
      'The service changes what all processes of the simulation share: ' +
      'events.defaultMaxListeners was changed. Keep state inside the service function, in ' +
      'Kafka or behind a port: a process that dies loses everything else.',
    exit: 3,
  },
  {
    does: 'what the language remembers of the last match: `RegExp.input`',
    code: remembered,
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:19'],
  },
  {
    does: 'an `AsyncLocalStorage` that is entered and never left',
    code: cheat({
      top: `import { AsyncLocalStorage } from 'node:async_hooks';
const storage = new AsyncLocalStorage<Map<string, Greeting>>();
storage.enterWith(storage.getStore() ?? new Map());`,
      store: 'storage.getStore() ?? new Map()',
    }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:22'],
  },
  {
    does: 'a variable of an added npm package',
    code: cheat({ top: "import { kept } from 'keeps';", store: 'kept as Map<string, Greeting>' }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'a `WeakMap` inside an added npm package, keyed by a class of the language',
    code: cheat({
      top: "import { keptFor } from 'keeps';",
      store: 'keptFor(Promise) as Map<string, Greeting>',
    }),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:20'],
  },
  {
    does: 'the object that a port is',
    code: cheat({ store: 'new Map()' }).replace(
      '  const consumer',
      `  Object.assign(ports.sink, { kept: new Map() });
  const consumer`,
    ),
    reads:
      'greeter-0 does not stay up: it ended 10 times in a row (failed to start: ' +
      'TypeError: Cannot add property kept, object is not extensible).',
    exit: 1,
    shows: ['greeter.ts:9'],
  },
  {
    does: 'the configuration that the service is given',
    code: cheat({ top: 'let given: object = {};', store: own('given') }).replace(
      '> = async ({ kafka, ports, slot }) => {',
      `> = async ({ kafka, ports, slot }) => {
  given = kafka;`,
    ),
    reads: 'm1 was acknowledged and is in greetings.v1/0 (offset 0), yet it was never done.',
    exit: 1,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a file',
    code: cheat({
      top: `import { writeFileSync } from 'node:fs';
const kept = new Map<string, Greeting>();`,
      store: "(writeFileSync('kept.json', JSON.stringify([...kept])), kept)",
    }),
    reads:
      'greeter.ts:6 changes files: fs.writeFileSync, which the simulation cannot replay. ' +
      'Keep state in Kafka, in the database or behind a port: those are what a crash is ' +
      'judged by.',
    exit: 3,
    shows: ['greeter.ts:6'],
  },
];
