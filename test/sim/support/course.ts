/**
 * A chapter for the tests of the world: commands are records that the harness writes, or calls on
 * a `caller`; whatever the service does, a sink keeps.
 */
import * as fc from 'fast-check';
import { applied, chapter, type ChapterDefinition } from '#kit';

export interface Order {
  readonly id: string;
}

export const topic = 'orders';

export const course = chapter({
  title: 'Tiny',
  promise: 'Every order is recorded.',
  minutes: 1,
  needs: [],
  pass: 3,
  roles: {
    worker: { file: 'service.ts', instances: [1, 3] },
    caller: { file: 'service.ts', instances: [1, 2] },
  },
  topics: { [topic]: { partitions: 1 } },
  groups: ['workers'],
  ports: {
    sink: {
      state: (): Order[] => [],
      record: (state: Order[], order: Order) => void state.push(order),
      count: (state: Order[]) => state.length,
      fail: () => {
        throw new Error('the sink is full');
      },
    },
  },
  workload: {
    example: [{ id: 'm1' }, { id: 'm2' }, { id: 'm3' }],
    commands: fc.constant([]),
    id: ({ id }: Order) => id,
    send: ({ id }: Order) => ({ topic, key: id, value: JSON.stringify({ id }) }),
    closing: (n) => ({ id: `closing-${n}` }),
  },
  flow: {
    id: { [topic]: ({ value }) => (JSON.parse(String(value)) as Order).id },
    effects: ({ calls }) =>
      calls
        .filter(applied('sink.record'))
        .map(({ args, seq }) => ({ id: (args[0] as Order).id, seq })),
  },
  properties: { 'no-loss': 'shared', 'commit-safe': 'shared', progress: 'shared' },
  stub: { breaks: 'no-loss', by: 'crash worker-0 · OffsetCommit workers (m1) · #1 · after apply' },
  hints: {},
  mutants: {},
  variants: {},
}) as unknown as ChapterDefinition;

/** Commands are calls of `caller.take` instead. */
export const byCall: Partial<ChapterDefinition> = {
  workload: {
    ...course.workload,
    send: (order: Order) => ({ role: 'caller', call: 'take', with: [order] }),
  },
};

/** A consumer that records each order, with room for what a test wants to happen in it. */
export const worker = (
  handler = 'await ports.sink.record(order);',
  extra = '',
  config = '',
): string => `
  import { Kafka } from 'kafkajs';
  export const worker = async ({ kafka, ports, slot }) => {
    const consumer = new Kafka(kafka).consumer({ groupId: 'workers'${config} });
    consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
    await consumer.connect();
    await consumer.subscribe({ topics: ['${topic}'], fromBeginning: true });
    ${extra}
    await consumer.run({
      autoCommitThreshold: 1,
      eachMessage: async ({ message, heartbeat }) => {
        const order = JSON.parse(message.value.toString());
        ${handler}
      },
    });
    return { stop: () => consumer.disconnect() };
  };
`;
