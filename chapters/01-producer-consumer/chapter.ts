/** The at-least-once loop: when a publish is durable, and when an offset may be committed. */
import * as fc from 'fast-check';
import { applied, chapter, type PortCall } from '#kit';
import { readGreeting, type Greeting } from './given.ts';

const topic = 'greetings.v1';

/** Any character but half ones, which are no text. fast-check's own table of them is slow to make. */
const character = fc
  .nat(0x10ffff - 0x800)
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

/**
 * 1–12 by default, up to 40 where fast-check's `baseSize` is raised. Ids unlike the example's.
 */
const greetings = fc.uniqueArray(
  fc.record({
    id: fc.nat(0xffffff).map((n) => `g${n.toString(36)}`),
    body: fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.string({ unit: character, maxLength: 200, size: 'max' }),
    ),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 40, size: '=' },
);

/** What one call of `sink.record` kept. */
function entryOf(call: PortCall): Greeting {
  return call.args[0] as Greeting;
}

export const producerConsumer = chapter({
  title: 'Producer and consumer',
  promise: 'Every greeting that was acknowledged is recorded, whenever a process dies.',
  minutes: 25,
  needs: ['first-crash'],
  pass: 2,
  roles: {
    publisher: { file: 'greetings.ts', instances: [1, 1] },
    greeter: { file: 'greetings.ts', instances: [1, 3] },
  },
  topics: { [topic]: { partitions: 3 } },
  groups: ['greeter'],
  ports: {
    sink: {
      state: (): Greeting[] => [],
      record: (state: Greeting[], greeting: Greeting) => void state.push(greeting),
    },
  },
  workload: {
    // By kafkajs's and Java's partitioner, m1 goes to partition 2, m2 and m3 to partition 1.
    example: [
      { id: 'm1', body: 'Hello' },
      { id: 'm2', body: ' Grüezi, "Zoë" ' },
      { id: 'm3', body: 'こんにちは 👋' },
    ],
    commands: greetings,
    id: (command: Greeting) => command.id,
    send: (command: Greeting) => ({ role: 'publisher', call: 'publish', with: [command] }),
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
  properties: {
    'no-loss': 'shared',
    'no-invention': 'shared',
    'commit-safe': 'shared',
    progress: 'shared',
    'idle-restart': 'shared',
    'calm-exact': 'shared',
  },
  stub: {
    breaks: 'commit-safe',
    by: 'reject greeter-0 · sink.record (m1) · #1 · before apply',
  },
  hints: {
    'no-loss': [
      'Follow the greeting from publish to sink.record. Which step is the last that happened?',
      'Who went on as if the next step had happened? Or who should take it, and is busy or gone?',
      'What did publish wait for? Where did the group begin to read? Did the handler return?',
    ],
    'no-invention': [
      'Compare what was recorded with what was published. What differs, and what does not?',
      'Where does your code write, read or make up a value between publish and sink.record?',
      'Where does text become bytes, where do bytes become text, and in which encoding?',
    ],
    'commit-safe': [
      'A commit speaks for everything below it. Was the greeting named above given to a handler?',
      'If so, what was known of sink.record when that commit left? If not, who passed over it?',
      'Who chose the offset, your code or kafkajs? What did it take as a proof of being done?',
    ],
    progress: [
      'What is missing in the end: a delivery, an effect, a commit, or only the end itself?',
      'Who should take that step? A consumer can end for good while its process lives on.',
      'If the group ever committed: which line asked for the last one, and which offset was in it?',
    ],
    'idle-restart': [
      'All was done, then done again. Was the greeting delivered again, or recorded without that?',
      'Where does a new process begin to read, and who told it: a commit, or the lack of one?',
      'A committed offset is the next to read, of one group id. Are both right after a restart?',
    ],
    'calm-exact': [
      'Nothing failed here. Follow the greeting: was it taken, delivered, recorded, and how often?',
      'Recorded and delivered unequally? Look at the handler. Else: who reads, and from where?',
    ],
  },
  mutants: {
    'acks-zero': { breaks: 'no-loss', level: 2, says: 'publishes with acks: 0 "for speed"' },
    'not-awaited-send': { breaks: 'no-loss', says: 'publishes without waiting for the broker' },
    'swallowed-send': {
      breaks: 'no-loss',
      level: 2,
      says: 'turns retries off and logs a failed send instead of rejecting',
    },
    'queue-before-flush': {
      breaks: 'no-loss',
      says: 'resolves when the greeting is in a list that a timer sends later',
    },
    'latest-offset': { breaks: 'no-loss', says: 'leaves fromBeginning at its default' },
    'wrong-encoding': { breaks: 'no-invention', says: 'reads the bytes as latin1' },
    'commit-first': { breaks: 'commit-safe', says: 'commits, then records' },
    'not-awaited': {
      breaks: 'commit-safe',
      says: 'does not wait for sink.record, logs its errors',
    },
    swallowed: { breaks: 'commit-safe', says: 'logs a rejected sink.record and returns' },
    'commit-in-finally': {
      breaks: 'commit-safe',
      says: 'commits in a finally block, also after a rejection',
    },
    'skip-without-commit': {
      breaks: 'commit-safe',
      says: 'does not commit a failed greeting and expects it to come back',
    },
    'seen-before-done': {
      breaks: 'commit-safe',
      says: 'remembers an id as seen before it is recorded, and so skips its own retry',
    },
    'commit-on-timer': {
      breaks: 'commit-safe',
      says: 'commits every 100 ms what was handed to the handler',
    },
    'all-settled': {
      breaks: 'commit-safe',
      says: 'eachBatch with Promise.allSettled, which never rejects',
    },
    'resolve-out-of-order': {
      breaks: 'commit-safe',
      says: 'eachBatch in parallel, resolving each offset when it happens to finish',
    },
    'break-on-stop': {
      breaks: 'commit-safe',
      says: 'eachBatch that stops early and leaves eachBatchAutoResolve on',
    },
    'never-commits': { breaks: 'progress', says: 'autoCommit: false and no commit at all' },
    'dead-but-alive': {
      breaks: 'progress',
      level: 2,
      says: 'does not end its process when the consumer ends for good',
    },
    'commit-same-offset': {
      breaks: 'idle-restart',
      says: 'commits the offset of the message instead of the next one',
    },
    'random-group': { breaks: 'idle-restart', says: 'a new group id at every start' },
    'standby-group': {
      breaks: 'calm-exact',
      says: 'a second consumer with a group of its own "in case the first one dies"',
    },
  },
  variants: {
    'manual-commit': { says: 'autoCommit: false, commits offset + 1 after each greeting' },
    'commit-each-message': { says: 'eachMessage with autoCommitThreshold: 1' },
    'each-batch': { says: 'eachBatch with resolveOffset and eachBatchAutoResolve: false' },
    'queued-publisher': {
      says: 'collects while a send is under way, resolves per acknowledgement',
    },
  },
});
