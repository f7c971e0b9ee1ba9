/**
 * The shape of chapter 1, written by hand: a publisher that is called, a consumer group, a sink.
 * `calmRun` is what such a service crosses when nothing goes wrong, each command after the one
 * before.
 */
import * as fc from 'fast-check';
import type { Fact } from '#check';
import type { Calm, ChapterFaults, Crossing, FaultPoint, Phase, Schedule } from '#schedule';

export interface Greeting {
  readonly [name: string]: unknown;
  readonly id: string;
  readonly body: string;
}

const greeting = (id: string): Greeting => ({ id, body: `hello ${id}` });

export const chapterOne: ChapterFaults = {
  roles: {
    publisher: { file: 'greetings.ts', instances: [1, 1] },
    greeter: { file: 'greetings.ts', instances: [1, 3] },
  },
  groups: ['greeter'],
  workload: {
    example: ['m1', 'm2', 'm3'].map(greeting),
    commands: fc
      .uniqueArray(fc.integer({ min: 10, max: 99 }), { minLength: 1, maxLength: 12 })
      .map((ids) => ids.map((id) => greeting(`g${id}`))),
    id: (command: Greeting) => command.id,
    send: (command: Greeting) => ({ role: 'publisher', call: 'publish', with: [command] }),
    closing: (n) => greeting(`closing-${n}`),
  },
};

export const exampleSchedule: Schedule = {
  format: 1,
  chapter: '01-producer-consumer',
  seed: 42,
  instances: { publisher: 1, greeter: 1 },
  commands: chapterOne.workload.example.map((value) => ({ id: (value as Greeting).id, value })),
  faults: [],
  holds: [],
};

/** What the schedule's commands would make the service cross, were it left alone. */
export function calmRun(schedule: Schedule = exampleSchedule): Calm {
  const crossings: Crossing[] = [];
  const facts: Fact[] = [];
  const ordinals = new Map<string, number>();
  const cross = (
    slot: string,
    operation: string,
    target: string,
    cause: readonly string[],
    phases: readonly Phase[] = ['before apply', 'after apply'],
  ): void => {
    const name = JSON.stringify([slot, operation, target, cause]);
    const ordinal = (ordinals.get(name) ?? 0) + 1;
    ordinals.set(name, ordinal);
    const point: FaultPoint = { slot, operation, target, cause, ordinal };
    for (const phase of phases) {
      crossings.push({
        point,
        phase,
        target: operation.includes('.') ? 'port' : 'kafka',
        topics: operation === 'Produce' || operation === 'Fetch' ? [target] : [],
        atMs: crossings.length,
        index: crossings.length,
        inFlight: operation === 'OffsetCommit' && phase === 'before apply',
        ...(slot.startsWith('greeter') ? { sessionTimeoutMs: 30_000 } : {}),
      });
    }
  };
  const note = (fact: Partial<Fact>): void =>
    void facts.push({ seq: facts.length, atMs: crossings.length, ...fact } as Fact);

  for (const api of ['FindCoordinator', 'JoinGroup', 'JoinGroup', 'SyncGroup', 'OffsetFetch']) {
    cross('greeter-0', api, 'greeter', []);
  }
  cross('greeter-0', 'ListOffsets', 'greetings.v1', []);
  for (const [index, { id }] of schedule.commands.entries()) {
    cross('publisher-0', 'Produce', 'greetings.v1', [id]);
    note({ kind: 'append', topic: 'greetings.v1', partition: 0, offset: index });
    cross('greeter-0', 'Fetch', 'greetings.v1', [id], ['after apply']);
    cross('greeter-0', 'sink.record', '', [id]);
    cross('greeter-0', 'OffsetCommit', 'greeter', [id]);
    const offset = index + 1;
    note({ kind: 'commit', group: 'greeter', topic: 'greetings.v1', partition: 0, offset });
  }
  // The harness brings the run to rest with a command of its own.
  note({ kind: 'command', id: 'closing-1', state: 'sent', value: {}, closing: true });
  const last = schedule.commands.length;
  note({ kind: 'append', topic: 'greetings.v1', partition: 0, offset: last });
  note({
    kind: 'commit',
    group: 'greeter',
    topic: 'greetings.v1',
    partition: 0,
    offset: last + 1,
  });
  return { schedule, crossings, facts };
}
