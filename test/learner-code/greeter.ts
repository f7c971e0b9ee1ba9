/** Chapter 0's solution with something odd in it: the smallest service that a check can judge. */

/** Lines put into the solution. Every part may be left out. */
export interface Parts {
  /** After the imports, at the top of the file. */
  readonly top?: string;
  /** First in the function that starts the service. */
  readonly start?: string;
  /** In the handler, before it records. */
  readonly before?: string;
  /** In the handler, after it committed. */
  readonly after?: string;
  /** Once the consumer runs. */
  readonly running?: string;
  /** Instead of the object with `stop`. */
  readonly answer?: string;
  /** Instead of recording, then committing. */
  readonly handler?: string;
  /** Instead of leaving the process when the consumer died. */
  readonly onCrash?: string;
}

export const record = 'await ports.sink.record(greeting);';
export const commit = 'await consumer.commitOffsets([{ topic, partition, offset: next }]);';

const leaves = 'payload.restart || process.exit(1)';
export const leave = `consumer.on('consumer.crash', ({ payload }) => ${leaves});`;

export function greeter(parts: Parts): string {
  const {
    top = '',
    start = '',
    before = '',
    after = '',
    running = '',
    answer = 'return { stop: () => consumer.disconnect() };',
    handler = `${record} ${commit}`,
    onCrash = leave,
  } = parts;
  return `import { Kafka } from 'kafkajs';
import type { Service } from '#kit';
import { readGreeting, type Greeting, type Sink } from '#chapters/00-first-crash/given.ts';
${top}
export const greeter: Service<unknown, { sink: Sink }> = async ({ kafka, ports, slot }) => {
${start}
  const consumer = new Kafka(kafka).consumer({ groupId: 'greeter' });
  ${onCrash}
  await consumer.connect();
  await consumer.subscribe({ topics: ['greetings.v1'], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const next = (BigInt(message.offset) + 1n).toString();
      const greeting = readGreeting(message);
${before}
      ${handler}
${after}
    },
  });
${running}
  ${answer}
};
`;
}

/**
 * Commits first, and keeps in some \`store\` what it has not recorded: right as long as the store outlives the process.
 * \`store\` is an expression for a Map; what it says where it is hidden is the cheat.
 */
export function cheat({ top = '', store }: { top?: string; store: string }): string {
  return greeter({
    top: `${top}
const hidden = (): Map<string, Greeting> => ${store};`,
    start:
      '  for (const left of hidden().values()) await ports.sink.record(left);\n  hidden().clear();',
    handler: `hidden().set(greeting.id, greeting);
      ${commit}
      ${record}
      hidden().delete(greeting.id);`,
  });
}
