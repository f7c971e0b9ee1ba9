/**
 * Sends the commands: each once, the next when the one before is answered. A call waits for a
 * process that can take it and is never sent twice; when its process dies it is unknown.
 */
import { Partitioners } from 'kafkajs';
import type { CommandFact } from '#check';
import { Failure, type Json } from '#kernel';
import type { Command, Sending } from '#kit';
import type { Slot } from './supervisor.ts';
import type { LiveWorld } from './world.ts';

export interface Workload {
  begin(): void;
  roleReady(): void;
  answered(call: number, answer: Answer): void;
  died(slot: Slot): void;
  waitsFor(): string | undefined;
  /** One more command for coming to rest; a record of the harness goes to this partition. */
  close(n: number, partition: number): void;
  readonly closed: number;
  /** Records that the harness wrote, as `topic/partition/offset`. */
  readonly own: ReadonlySet<string>;
}

interface Answer {
  readonly error?: string;
  /** JSON. */
  readonly result?: string;
}

interface Pending {
  readonly id: string;
  readonly value: Command;
  readonly sending: Sending;
  readonly closing: boolean;
  slot: Slot | undefined;
}

export function createWorkload(world: LiveWorld): Workload {
  const { chapter, commands } = world;
  const waiting: Pending[] = [];
  const underWay = new Map<number, Pending>();
  const own = new Set<string>();
  const sendOf = chapter.workload.send as (command: Command) => Sending;
  let next = 0;
  let calls = 0;
  let closed = 0;

  const settle = (call: number, more: Answered): void => {
    const pending = underWay.get(call);
    if (pending === undefined) return;
    underWay.delete(call);
    note(world, pending, more.reason === undefined ? 'acked' : 'unknown', more);
    if (!pending.closing) sendNext();
  };

  const dispatch = (pending: Pending): void => {
    const { sending } = pending;
    const slot = 'role' in sending ? world.supervisor.ready(sending.role) : undefined;
    if ('role' in sending && slot?.instance === undefined) return void waiting.push(pending);
    const call = ++calls;
    pending.slot = slot;
    underWay.set(call, pending);
    note(world, pending, 'sent');
    if ('role' in sending) {
      const { call: name, with: args } = sending;
      return slot?.instance?.tell({ kind: 'call', id: call, call: name, args });
    }
    return void write(world, sending, call, own).then(
      () => settle(call, {}),
      (cause: unknown) => world.abort(notWritten(pending, cause)),
    );
  };

  const sendNext = (): void => {
    const command = commands[next];
    if (command === undefined) return;
    next++;
    const { id, value } = command;
    dispatch({ id, value, sending: sendOf(value), closing: false, slot: undefined });
  };

  return {
    own,
    begin: sendNext,
    roleReady() {
      for (const pending of waiting.splice(0)) dispatch(pending);
    },
    answered: (call, answer) => settle(call, toldOf(answer)),
    died(slot) {
      for (const [call, pending] of underWay) {
        if (pending.slot === slot) settle(call, { reason: `${slot.name} ended first` });
      }
    },
    waitsFor() {
      const [pending] = [...waiting, ...underWay.values()];
      return pending && `${pending.id} has not been answered`;
    },
    close(n, partition) {
      closed++;
      dispatch(closingOf(world, n, partition));
    },
    get closed() {
      return closed;
    },
  };
}

function toldOf({ error, result }: Answer): Answered {
  if (error !== undefined) return { reason: error };
  return result === undefined ? {} : { result: JSON.parse(result) as Json };
}

type Answered = Pick<CommandFact, 'reason' | 'result'>;

function note(
  { history, naming }: LiveWorld,
  { id, value, sending, closing, slot }: Pending,
  state: 'sent' | 'acked' | 'unknown',
  more: Answered = {},
): void {
  naming.learn(id);
  history.add({
    kind: 'command',
    id,
    state,
    value: value as Json,
    closing,
    ...(slot && { slot: slot.name }),
    ...('call' in sending && { call: sending.call }),
    ...more,
  });
}

function closingOf({ chapter }: LiveWorld, n: number, partition: number): Pending {
  const { closing, id, send } = chapter.workload;
  const value = closing(n);
  const sending = (send as (command: Command) => Sending)(value);
  return {
    id: (id as (command: Command) => string)(value),
    value,
    sending: 'topic' in sending ? { ...sending, partition } : sending,
    closing: true,
    slot: undefined,
  };
}

/** `turn` spreads records without a key. */
async function write(
  { chapter, kafka }: LiveWorld,
  sending: Extract<Sending, { topic: string }>,
  turn: number,
  own: Set<string>,
): Promise<void> {
  const { topic, key = null, value } = sending;
  const count = chapter.topics[topic]?.partitions ?? 1;
  const partition = sending.partition ?? partitionOf(topic, key, count, turn);
  const offset = await kafka.append(topic, partition, key, value);
  own.add(`${topic}/${partition}/${offset}`);
}

function notWritten({ id }: Pending, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  return new Failure('TROUBLE', `${id} could not be written to Kafka.`, { cause });
}

const partitioner = Partitioners.DefaultPartitioner();

/** As Java's client and kafkajs's default place a keyed record. */
function partitionOf(topic: string, key: string | null, count: number, turn: number): number {
  if (key === null) return turn % count;
  const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 1,
    replicas: [1],
    isr: [1],
  }));
  return partitioner({ topic, partitionMetadata, message: { key, value: null } });
}
