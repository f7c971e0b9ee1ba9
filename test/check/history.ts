/** Scripts a history for a test, and the small chapter of greetings it is about. */
import * as fc from 'fast-check';
import type { Ending, Fact, InstanceFact, OperationFact, Unstamped } from '#check';
import type { ChapterDefinition } from '#kit';
import { applied, chapter } from '#kit';

export const topic = 'greetings.v1';
export const group = 'greeter';
export const rest: Ending = { kind: 'rest' };

interface Greeting {
  readonly id: string;
  readonly body: string;
}

const shared = [
  'no-loss',
  'no-invention',
  'commit-safe',
  'progress',
  'idle-restart',
  'calm-exact',
  'key-order',
] as const;

export function greetings(changes: Partial<ChapterDefinition> = {}): ChapterDefinition {
  return {
    ...chapter({
      title: 'Greetings',
      promise: 'Every greeting is recorded.',
      minutes: 1,
      needs: [],
      pass: 2,
      roles: { greeter: { file: 'greeter.ts', instances: [1, 2] } },
      topics: { [topic]: { partitions: 2 } },
      groups: [group],
      ports: { sink: { state: () => [], record: () => undefined } },
      workload: {
        example: [],
        commands: fc.constant([]),
        id: ({ id }: Greeting) => id,
        send: ({ id }: Greeting) => ({ topic, key: id, value: id }),
        closing: (n) => ({ id: `closing-${n}` }),
      },
      flow: {
        id: { [topic]: ({ value }) => (JSON.parse(String(value)) as Greeting).id },
        effects: ({ calls }) =>
          calls.filter(applied('sink.record')).map(({ args: [entry] }) => {
            const { id, body } = entry as Greeting;
            return { id, value: body };
          }),
        value: ({ body }) => body,
      },
      properties: Object.fromEntries(shared.map((name) => [name, 'shared' as const])),
      stub: { breaks: 'no-loss', by: 'crash greeter-0 · sink.record (m1) · #1 · after apply' },
      hints: {},
      mutants: {},
      variants: {},
    }),
    ...changes,
  };
}

/** A chapter with these properties only. */
export function judging(...names: readonly (typeof shared)[number][]): ChapterDefinition {
  return greetings({ properties: Object.fromEntries(names.map((name) => [name, 'shared'])) });
}

/** Each call adds a fact and a millisecond. */
export class Script {
  readonly facts: Fact[] = [];
  readonly #ends = [0, 0];
  #atMs = 0;
  #ordinal = 0;

  add(fact: Unstamped): this {
    this.facts.push({ seq: this.facts.length, atMs: this.#atMs, ...fact });
    this.#atMs += 1;
    return this;
  }

  later(ms: number): this {
    this.#atMs += ms;
    return this;
  }

  command(id: string, state: 'sent' | 'acked' | 'unknown', closing = false, reason?: string): this {
    const fact = { kind: 'command', id, state, value: greetingOf(id), closing } as const;
    return this.add({ ...fact, ...(reason !== undefined && { reason }) });
  }

  /** A record that the harness wrote, or a slot. */
  append(id: string, partition = 0, slot?: string, key = 'k'): this {
    const offset = this.#nextOffset(partition);
    const value = JSON.stringify(greetingOf(id));
    const by = slot !== undefined && { slot };
    return this.add({ kind: 'append', topic, partition, offset, key, value, ...by });
  }

  /** A record about no command. */
  receipt(partition = 0): this {
    const offset = this.#nextOffset(partition);
    return this.add({ kind: 'append', topic, partition, offset, key: null, value: '{}' });
  }

  /** Sent, written, acknowledged. */
  publish(id: string, partition = 0, closing = false): this {
    this.command(id, 'sent', closing).append(id, partition);
    return this.command(id, 'acked', closing);
  }

  deliver(name: string, offsets: readonly number[], partition = 0): this {
    const who = instanceOf(name);
    return this.add({ kind: 'deliver', ...who, topic, partition, offsets, commands: [] });
  }

  done(id: string, name = 'greeter-0', body = greetingOf(id).body): this {
    const call = { name: 'sink.record', args: [{ id, body }], outcome: 'applied' } as const;
    return this.add({ kind: 'port', ...call, ...instanceOf(name) });
  }

  rejected(id: string, name = 'greeter-0'): this {
    const call = { name: 'sink.record', args: [greetingOf(id)], outcome: 'rejected' } as const;
    return this.add({ kind: 'port', ...call, ...instanceOf(name) });
  }

  commit(offset: number, partition = 0, by = group): this {
    const who = instanceOf('greeter-0');
    return this.add({ kind: 'commit', group: by, topic, partition, offset, ...who });
  }

  /** Who owns which partitions of the topic in this generation. */
  assign(generation: number, owners: Readonly<Record<string, readonly number[]>>): this {
    const members = Object.entries(owners).map(([slot, partitions]) => ({
      slot,
      memberId: `${slot}-member`,
      partitions: partitions.map((partition) => ({ topic, partition })),
    }));
    return this.add({ kind: 'assign', group, generation, members });
  }

  instance(name: string, ...states: readonly InstanceFact['state'][]): this {
    for (const state of states) this.add({ kind: 'instance', ...instanceOf(name), state });
    return this;
  }

  fault(fault: string, lost?: 'request' | 'answer'): this {
    return this.add({ kind: 'fault', index: 0, fault, ...(lost && { lost }) });
  }

  /** The steps of an OffsetCommit of greeter-0, and a fault that takes the request among them. */
  commitRequest(
    cause: readonly string[],
    steps: readonly (OperationFact['step'] | 'fault')[],
    error?: string,
  ): this {
    this.#ordinal += 1;
    const about = { operation: 'OffsetCommit', target: group, cause, ordinal: this.#ordinal };
    for (const step of steps) {
      if (step === 'fault') {
        this.fault('lose-request greeter-0 · OffsetCommit greeter · #1', 'request');
        continue;
      }
      const refused = step === 'answered' && error !== undefined && { error };
      const who = instanceOf('greeter-0');
      this.add({ kind: 'operation', ...who, ...about, step, ...refused });
    }
    return this;
  }

  crashLogged(name: string, detail: string): this {
    return this.add({ kind: 'client', ...instanceOf(name), event: 'consumer.crash', detail });
  }

  /** What kafkajs logs after a crash that it recovers from. */
  restartLogged(name: string): this {
    const detail = '[Consumer] Restarting the consumer in 300ms';
    return this.add({ kind: 'client', ...instanceOf(name), event: 'log', detail });
  }

  #nextOffset(partition: number): number {
    const offset = this.#ends[partition] ?? 0;
    this.#ends[partition] = offset + 1;
    return offset;
  }
}

/** `greeter-0#2` is the second incarnation. */
function instanceOf(name: string): { slot: string; incarnation: number } {
  const [slot = '', incarnation = '1'] = name.split('#');
  return { slot, incarnation: Number(incarnation) };
}

function greetingOf(id: string): { id: string; body: string } {
  return { id, body: `hello ${id}` };
}

export function history(): Script {
  return new Script();
}

/** One greeter that is up and owns both partitions. */
export function greeterUp(): Script {
  return history()
    .instance('greeter-0', 'starts', 'ready')
    .assign(1, { 'greeter-0': [0, 1] });
}
