/**
 * The supervisor of the deployment, as Kubernetes is one: a process that exits is started again with back-off; one
 * that stays alive and does nothing is not. It also carries out what a schedule does to processes.
 */
import type { SourceLine } from '#check';
import { Failure, type Milliseconds } from '#kernel';
import { Incarnation } from './incarnation.ts';
import type { World } from './world.ts';

export type RunningService = Readonly<Record<string, unknown>> & { stop(): Promise<void> };

export interface Slot {
  readonly name: string;
  readonly role: string;
  incarnations: number;
  process: Incarnation | undefined;
  service: RunningService | undefined;
  state: 'down' | 'starting' | 'ready' | 'stopping' | 'stopped';
  exitsInRow: number;
  backOffMs: Milliseconds;
  /** Started again after it stopped; undefined = it stays down. */
  whenStopped: (() => void) | undefined;
}

export interface Supervisor {
  start(role: string): Slot;
  crash(slot: string, inFlight: 'lost' | 'arrives'): void;
  /** A slot that starts later than the rest of the deployment. */
  startLate(slot: string, afterMs: Milliseconds): void;
  /** SIGTERM; comes back after `backAfterMs`. */
  stop(slot: string, backAfterMs: Milliseconds): void;
  restartEverything(): void;
  freeze(slot: string, ms: Milliseconds): void;
  cut(slot: string, ms: Milliseconds, inFlight: 'lost' | 'arrives'): void;
  join(role: string): void;
  /** Stops the members of a group, sets its offset back, starts them again. */
  rewind(group: string, topic: string, partition: number, offset: number): void;
  /** A fault struck: exits that follow may be its doing. */
  excuse(): void;
  /** The process ended by itself. */
  exited(process: Incarnation, reason: string, line?: SourceLine): void;
  ready(role: string): readonly Slot[];
  /** Something about the processes is still under way. */
  busy(): boolean;
  waitsFor(): string | undefined;
  readonly slots: ReadonlyMap<string, Slot>;
}

const firstBackOffMs = 1_000;
const longestBackOffMs = 30_000;
const mostExits = 10;
/** How long a process has to end after SIGTERM. */
const gracePeriodMs = 30_000;

export function createSupervisor(world: World): Supervisor {
  const slots = new Map<string, Slot>();
  const late = new Map<string, Milliseconds>();
  let pending = 0;

  const later = (ms: Milliseconds, go: () => void): void => {
    pending++;
    world.agenda.add(
      world.now() + ms,
      () => {
        pending--;
        go();
      },
      false,
    );
  };

  const note = (
    process: Incarnation,
    state:
      | 'starts'
      | 'ready'
      | 'dies'
      | 'exits'
      | 'stopping'
      | 'stopped'
      | 'frozen'
      | 'thawed'
      | 'cut'
      | 'healed',
    reason?: string,
    line?: SourceLine,
  ): void => {
    const { slot, incarnation } = process;
    const fact = { kind: 'instance', slot, incarnation, state } as const;
    world.recorder.add(
      { ...fact, ...(reason !== undefined && { reason }), ...(line !== undefined && { line }) },
      undefined,
    );
  };

  const launch = (slot: Slot): void => {
    if (slot.process !== undefined) return;
    slot.incarnations++;
    slot.state = 'starting';
    const process = new Incarnation(world, slot.role, slot.name, slot.incarnations);
    slot.process = process;
    note(process, 'starts');
    world.deliver(process, () => {
      const service = world.load(process);
      service.then(
        (running) => {
          if (process.dead) return;
          slot.service = running;
          slot.state = 'ready';
          note(process, 'ready');
          world.after(() => world.workload.roleReady());
        },
        (error: unknown) => {
          if (error instanceof Failure) world.abort(error);
          else world.failed(process, error, 'failed to start');
        },
      );
    });
  };

  const end = (slot: Slot, inFlight: 'lost' | 'arrives'): void => {
    const { process } = slot;
    if (process === undefined) return;
    process.die();
    world.loader.died();
    world.network.abandon(process, inFlight);
    world.ports.abandon(process, inFlight);
    world.passages.abandon(process, inFlight);
    slot.process = undefined;
    slot.service = undefined;
    slot.state = 'down';
    world.workload.died(process);
  };

  /** What came while it was frozen, in order; what comes meanwhile lines up behind it. */
  const catchUp = (process: Incarnation): void => {
    if (process.dead || process.frozen || process.backlog.length === 0) return;
    later(0, () => {
      if (process.frozen) return;
      const event = process.backlog.shift();
      if (event !== undefined) world.run(process, event);
      catchUp(process);
    });
  };

  const again = (slot: Slot): void => {
    const ms = slot.backOffMs;
    slot.backOffMs = Math.min(slot.backOffMs * 2, longestBackOffMs);
    later(ms, () => launch(slot));
  };

  const supervisor: Supervisor = {
    slots,
    start(role) {
      const index = [...slots.values()].filter((slot) => slot.role === role).length;
      const slot: Slot = {
        name: `${role}-${index}`,
        role,
        incarnations: 0,
        process: undefined,
        service: undefined,
        state: 'down',
        exitsInRow: 0,
        backOffMs: firstBackOffMs,
        whenStopped: undefined,
      };
      slots.set(slot.name, slot);
      const lateMs = late.get(slot.name);
      if (lateMs === undefined) launch(slot);
      else later(lateMs, () => launch(slot));
      return slot;
    },
    startLate: (name, afterMs) => void late.set(name, afterMs),
    crash(name, inFlight) {
      const slot = slots.get(name);
      if (slot?.process === undefined) return;
      note(slot.process, 'dies');
      const back = slot.whenStopped;
      slot.whenStopped = undefined;
      end(slot, inFlight);
      slot.exitsInRow = 0;
      slot.backOffMs = firstBackOffMs;
      if (back !== undefined) back();
      else again(slot);
    },
    excuse() {
      for (const slot of slots.values()) slot.exitsInRow = 0;
    },
    exited(process, reason, line) {
      const slot = slots.get(process.slot);
      if (slot?.process !== process) return;
      note(process, 'exits', reason, line);
      const back = slot.whenStopped;
      slot.whenStopped = undefined;
      end(slot, 'arrives');
      if (back !== undefined) return back();
      if (++slot.exitsInRow < mostExits) return again(slot);
      world.finish({
        kind: 'service',
        property: 'stays-up',
        sentence: `${slot.name} does not stay up: it ended ${mostExits} times in a row (${reason}).`,
        ...(line !== undefined && { line }),
      });
    },
    stop(name, backAfterMs) {
      const slot = slots.get(name);
      if (slot?.process === undefined || slot.whenStopped !== undefined) return;
      stopThen(slot, () => later(backAfterMs, () => launch(slot)));
    },
    restartEverything() {
      for (const { name } of slots.values()) supervisor.stop(name, 0);
    },
    freeze(name, ms) {
      const process = slots.get(name)?.process;
      if (process === undefined || process.frozen) return;
      process.frozen = true;
      note(process, 'frozen');
      later(ms, () => {
        if (process.dead) return;
        process.frozen = false;
        note(process, 'thawed');
        catchUp(process);
        world.workload.roleReady();
      });
    },
    cut(name, ms, inFlight) {
      const slot = slots.get(name);
      if (slot?.process === undefined) return;
      note(slot.process, 'cut');
      world.network.cut(name, world.now() + ms, inFlight);
      later(ms, () => {
        if (slot.process !== undefined) note(slot.process, 'healed');
      });
    },
    join(role) {
      if (world.chapter.roles[role] !== undefined) supervisor.start(role);
    },
    rewind(group, topic, partition, offset) {
      const members = world.groupSlots(group).flatMap((name) => slots.get(name) ?? []);
      const stopping = members.filter(
        (slot) => slot.process !== undefined && slot.whenStopped === undefined,
      );
      let left = stopping.length;
      const move = (): void => {
        world.broker.setCommitted(group, topic, partition, offset);
        world.kafka.drain();
        for (const slot of stopping) later(0, () => launch(slot));
      };
      if (left === 0) return move();
      for (const slot of stopping) {
        stopThen(slot, () => {
          if (--left === 0) move();
        });
      }
    },
    ready: (role) =>
      [...slots.values()].filter(
        (slot) => slot.role === role && slot.state === 'ready' && slot.process?.frozen === false,
      ),
    busy: () =>
      pending > 0 ||
      [...slots.values()].some(({ state }) => state === 'starting' || state === 'stopping'),
    waitsFor() {
      for (const { name, state } of slots.values()) {
        if (state === 'starting') return `${name} has not finished starting`;
        if (state === 'stopping') return `${name} has not finished stopping`;
      }
      return undefined;
    },
  };

  const stopThen = (slot: Slot, back: () => void): void => {
    const { process, service } = slot;
    if (process === undefined) return;
    slot.whenStopped = back;
    slot.state = 'stopping';
    note(process, 'stopping');
    if (service === undefined) return supervisor.exited(process, 'stopped while it was starting');
    world.deliver(process, () => {
      Promise.resolve(service.stop()).then(
        () => {
          if (process.dead) return;
          note(process, 'stopped');
          world.after(() => leave(slot, process));
        },
        (error: unknown) => world.failed(process, error, 'failed to stop'),
      );
    });
    const deadline = world.agenda.add(
      world.now() + gracePeriodMs,
      () => {
        if (slot.process === process) supervisor.crash(slot.name, 'lost');
      },
      false,
    );
    graceEnds.set(process, () => world.agenda.cancel(deadline));
  };

  const graceEnds = new WeakMap<Incarnation, () => void>();

  const leave = (slot: Slot, process: Incarnation): void => {
    if (slot.process !== process) return;
    graceEnds.get(process)?.();
    const back = slot.whenStopped;
    slot.whenStopped = undefined;
    end(slot, 'arrives');
    slot.state = 'stopped';
    slot.exitsInRow = 0;
    slot.backOffMs = firstBackOffMs;
    back?.();
  };

  return supervisor;
}
