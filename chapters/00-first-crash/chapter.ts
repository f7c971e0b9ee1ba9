/** Ten minutes: what a crash between two lines does, how to read the story, how to mend it. */
import * as fc from 'fast-check';
import { applied, chapter, type PortCall } from '#kit';
import { readGreeting, type Greeting } from './given.ts';

const topic = 'greetings.v1';

/** Any character but half ones, which are no text. fast-check's own table of them is slow to make. */
const character = fc
  .nat(0x10ffff - 0x800)
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

const greetings = fc.uniqueArray(
  fc.record({
    id: fc.nat(0xffffff).map((n) => `g${n.toString(36)}`),
    body: fc.string({ unit: character, maxLength: 200 }),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 40, size: '=' },
);

/** What one call of `sink.record` kept. */
function entryOf(call: PortCall): Greeting {
  return call.args[0] as Greeting;
}

export const firstCrash = chapter({
  title: 'First crash',
  promise: 'Every greeting is recorded, whenever the process dies.',
  minutes: 10,
  needs: [],
  pass: 1,
  roles: { greeter: { file: 'greeter.ts', instances: [1, 1] } },
  topics: { [topic]: { partitions: 1 } },
  groups: ['greeter'],
  ports: {
    sink: {
      state: (): Greeting[] => [],
      record: (state: Greeting[], greeting: Greeting) => void state.push(greeting),
    },
  },
  workload: {
    example: [
      { id: 'm1', body: 'Hello' },
      { id: 'm2', body: 'Grüezi' },
      { id: 'm3', body: 'こんにちは' },
    ],
    commands: greetings,
    id: (command: Greeting) => command.id,
    send: ({ id, body }: Greeting) => ({ topic, key: id, value: JSON.stringify({ id, body }) }),
    closing: (n) => ({ id: `closing-${n}`, body: 'Goodbye' }),
  },
  flow: {
    id: { [topic]: (record) => readGreeting(record).id },
    effects: ({ calls }) =>
      calls.filter(applied('sink.record')).map((call) => {
        const { id, body } = entryOf(call);
        return { id, value: body, seq: call.seq };
      }),
    value: (command) => command.body,
  },
  properties: { 'no-loss': 'shared', 'idle-restart': 'shared', 'calm-exact': 'shared' },
  stub: {
    breaks: 'no-loss',
    by: 'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply',
  },
  hints: {
    'no-loss': [
      'Follow the greeting from the topic to sink.record. Which step is the last that happened?',
      'Who went on as if the next step had happened? Or who should take it, and is busy or gone?',
      'Where did the group begin to read? What did a commit call done? Did the handler return?',
    ],
    'idle-restart': [
      'All was done, then done again. Was the greeting delivered again, or recorded without that?',
      'Where does a new process begin to read? A committed offset is the next to read.',
    ],
    'calm-exact': [
      'Nothing failed here. How often was the greeting delivered, how often did it reach the sink?',
      'Do the two differ? Look at the handler. If not: who reads the topic, and from where?',
    ],
  },
  mutants: {
    'commit-first': {
      breaks: 'no-loss',
      says: 'commits, then records: the exercise as handed out',
    },
    'commit-same-offset': {
      breaks: 'idle-restart',
      says: 'records, then commits the offset of the message instead of the next one',
    },
    swallow: { breaks: 'no-loss', says: 'logs a rejected sink.record and commits all the same' },
    'not-awaited': { breaks: 'no-loss', says: 'calls sink.record first and does not wait for it' },
    'standby-group': {
      breaks: 'calm-exact',
      says: 'a second consumer with a group of its own "in case the first one dies"',
    },
  },
  variants: { 'auto-commit': { says: 'leaves committing to kafkajs, after the handler' } },
});
