/**
 * The supervisor of the live deployment: a process that ends is started again after a second; one
 * that stays alive and does nothing is not.
 */
import { Failure, type Milliseconds } from '#kernel';
import type { Ending, SourceLine } from '#check';
import { startInstance, type Instance, type InstanceEvents } from './instance.ts';
import type { FromInstance, PlainError } from './messages.ts';
import type { LiveWorld } from './world.ts';
import { clientEvents } from './client-events.ts';

export interface Slot {
  readonly name: string;
  readonly role: string;
  incarnation: number;
  state: 'down' | 'starting' | 'ready' | 'stopping';
  instance: Instance | undefined;
  exitsInRow: number;
}

export interface Supervisor {
  readonly slots: ReadonlyMap<string, Slot>;
  startAll(): void;
  /** Only now, and only once it is gone: nothing that it still says counts. */
  crash(slot: Slot): void;
  /** SIGTERM's meaning for every process; each starts again when it is gone. */
  restartEverything(): void;
  ready(role: string): Slot | undefined;
  waitsFor(): string | undefined;
  killAll(): Promise<void>;
}

const backOffMs: Milliseconds = 1_000;
const mostExits = 10;
/** How long a process has to end after it was told to stop. */
const gracePeriodMs: Milliseconds = 30_000;

export function createSupervisor(world: LiveWorld): Supervisor {
  const slots = new Map<string, Slot>();
  const timers = new Set<NodeJS.Timeout>();
  let over = false;

  const later = (ms: Milliseconds, go: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!over) go();
    }, ms);
    timers.add(timer);
  };

  const launch = (slot: Slot): void => {
    slot.incarnation++;
    slot.state = 'starting';
    note(world, slot, 'starts');
    const instance: Instance = startInstance(
      beginOf(world, slot),
      eventsOf(world, slot, () => instance, exited),
    );
    slot.instance = instance;
  };

  const exited = (slot: Slot, reason: string | undefined, line?: SourceLine): void => {
    const stopped = slot.state === 'stopping' && reason === undefined;
    down(world, slot, stopped ? 'stopped' : 'exits', reason, line);
    if (stopped) return later(0, () => launch(slot));
    if (++slot.exitsInRow < mostExits) return later(backOffMs, () => launch(slot));
    return world.finish(staysDown(slot, reason ?? '', line));
  };

  return {
    slots,
    startAll() {
      for (const slot of slotsOf(world)) {
        slots.set(slot.name, slot);
        launch(slot);
      }
    },
    crash(slot) {
      const { instance } = slot;
      if (instance === undefined) return;
      slot.exitsInRow = 0;
      down(world, slot, 'dies');
      void instance.kill().then(() => later(backOffMs, () => launch(slot)));
    },
    restartEverything() {
      for (const slot of slots.values()) {
        const { instance } = slot;
        if (instance === undefined) continue;
        slot.state = 'stopping';
        note(world, slot, 'stopping');
        instance.tell({ kind: 'stop' });
        later(gracePeriodMs, () => {
          if (slot.instance === instance) void instance.kill();
        });
      }
    },
    ready: (role) =>
      [...slots.values()].find((slot) => slot.role === role && slot.state === 'ready'),
    waitsFor: () => waitsFor([...slots.values()]),
    async killAll() {
      over = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([...slots.values()].map(killed));
    },
  };
}

export function slotsOf({ chapter }: Pick<LiveWorld, 'chapter'>): Slot[] {
  return Object.entries(chapter.roles).flatMap(([role, { instances }]) =>
    Array.from({ length: instances[0] }, (_, index): Slot => {
      const name = `${role}-${index}`;
      return { name, role, state: 'down', incarnation: 0, instance: undefined, exitsInRow: 0 };
    }),
  );
}

/** What one process says and how it ends; `own` = the process that these events are of. */
function eventsOf(
  world: LiveWorld,
  slot: Slot,
  own: () => Instance,
  exited: (slot: Slot, reason: string | undefined, line?: SourceLine) => void,
): InstanceEvents {
  const { name, incarnation } = slot;
  const about = { slot: name, incarnation };
  let failing: { how: string; line: SourceLine | undefined } | undefined;
  return {
    said(message) {
      if (message.kind !== 'fails') return hear(world, slot, own(), message);
      const { how, error } = message;
      failing = { how: `${how}: ${describe(error)}`, line: world.lineOf(error.stack) };
    },
    wrote(stream, text) {
      for (const fact of clientEvents(text)) {
        world.history.add(
          fact.kind === 'client'
            ? { ...fact, ...about }
            : { ...fact, ...about, stream, text: world.readable(fact.text) },
        );
      }
    },
    ended(reason) {
      if (slot.instance !== own()) return;
      // Told to stop and gone without a word of failure: that is what was asked for.
      const expected = slot.state === 'stopping' && reason === 'process.exit(0)';
      exited(slot, failing?.how ?? (expected ? undefined : reason), failing?.line);
    },
  };
}

async function killed(slot: Slot): Promise<void> {
  const { instance } = slot;
  slot.instance = undefined;
  await instance?.kill();
}

function staysDown({ name }: Slot, reason: string, line: SourceLine | undefined): Ending {
  return {
    kind: 'service',
    property: 'stays-up',
    sentence: `${name} does not stay up: it ended ${mostExits} times in a row (${reason}).`,
    ...(line && { line }),
  };
}

function waitsFor(slots: readonly Slot[]): string | undefined {
  for (const { name, state } of slots) {
    if (state === 'starting') return `${name} has not finished starting`;
    if (state === 'stopping') return `${name} has not finished stopping`;
    if (state === 'down') return `${name} is down and starts again soon`;
  }
  return undefined;
}

function beginOf({ program, kafka, ports, sqlGateway }: LiveWorld, { role, name }: Slot) {
  return {
    kind: 'begin',
    role,
    slot: name,
    program,
    broker: kafka.address,
    database: sqlGateway?.loginOf(name),
    ports: Object.fromEntries([...ports].map(([port, { calls }]) => [port, calls])),
  } as const;
}

function hear(world: LiveWorld, slot: Slot, instance: Instance, message: FromInstance): void {
  switch (message.kind) {
    case 'loaded':
      world.loaded.push(message.hashes);
      break;
    case 'does not load':
      world.abort(doesNotLoad(world, slot, message.error));
      break;
    case 'ready':
      slot.state = 'ready';
      note(world, slot, 'ready');
      world.workload.roleReady();
      break;
    case 'answered':
      world.workload.answered(message.id, message);
      break;
    case 'port':
      world.portGate.arrived(slot, instance, message);
      break;
    case 'stopped':
    case 'fails':
      break; // the end of the process says the rest
  }
}

function doesNotLoad(world: LiveWorld, { role }: Slot, error: PlainError): Failure {
  const line = world.lineOf(error.stack);
  const file = world.chapter.roles[role]?.file ?? 'the exercise';
  const where = line === undefined ? file : `${line.file}:${line.line}`;
  return new Failure('DOES_NOT_LOAD', `${where} does not load: ${describe(error)}.`);
}

function down(
  world: LiveWorld,
  slot: Slot,
  state: 'dies' | 'exits' | 'stopped',
  reason?: string,
  line?: SourceLine,
): void {
  note(world, slot, state, reason, line);
  slot.instance = undefined;
  slot.state = 'down';
  world.portGate.abandon(slot);
  world.workload.died(slot);
}

function note(
  { history }: LiveWorld,
  { name, incarnation }: Slot,
  state: 'starts' | 'ready' | 'dies' | 'exits' | 'stopping' | 'stopped',
  reason?: string,
  line?: SourceLine,
): void {
  history.add({
    kind: 'instance',
    slot: name,
    incarnation,
    state,
    ...(reason !== undefined && { reason }),
    ...(line !== undefined && { line }),
  });
}

function describe({ name, message }: PlainError): string {
  return name === '' ? message : `${name}: ${message}`;
}
