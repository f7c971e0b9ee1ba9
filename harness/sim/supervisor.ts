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
  return new SlotSupervisor(world);
}

class SlotSupervisor implements Supervisor {
  readonly #world: World;
  readonly #slots = new Map<string, Slot>();
  readonly #late = new Map<string, Milliseconds>();
  #pending = 0;
  readonly #graceEnds = new WeakMap<Incarnation, () => void>();

  constructor(world: World) {
    this.#world = world;
  }

  get slots(): ReadonlyMap<string, Slot> {
    return this.#slots;
  }

  start(role: string): Slot {
    const index = [...this.#slots.values()].filter((slot) => slot.role === role).length;
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
    this.#slots.set(slot.name, slot);
    const lateMs = this.#late.get(slot.name);
    if (lateMs === undefined) this.#launch(slot);
    else this.#later(lateMs, () => this.#launch(slot));
    return slot;
  }

  startLate(name: string, afterMs: Milliseconds): void {
    return void this.#late.set(name, afterMs);
  }

  crash(name: string, inFlight: 'lost' | 'arrives'): void {
    const slot = this.#slots.get(name);
    if (slot?.process === undefined) return;
    this.#note(slot.process, 'dies');
    const back = slot.whenStopped;
    slot.whenStopped = undefined;
    this.#end(slot, inFlight);
    slot.exitsInRow = 0;
    slot.backOffMs = firstBackOffMs;
    if (back !== undefined) back();
    else this.#again(slot);
  }

  excuse(): void {
    for (const slot of this.#slots.values()) slot.exitsInRow = 0;
  }

  exited(process: Incarnation, reason: string, line?: SourceLine): void {
    const slot = this.#slots.get(process.slot);
    if (slot?.process !== process) return;
    this.#note(process, 'exits', reason, line);
    const back = slot.whenStopped;
    slot.whenStopped = undefined;
    this.#end(slot, 'arrives');
    if (back !== undefined) return back();
    if (++slot.exitsInRow < mostExits) return this.#again(slot);
    this.#world.finish({
      kind: 'service',
      property: 'stays-up',
      sentence: `${slot.name} does not stay up: it ended ${mostExits} times in a row (${reason}).`,
      ...(line !== undefined && { line }),
    });
  }

  stop(name: string, backAfterMs: Milliseconds): void {
    const slot = this.#slots.get(name);
    if (slot?.process === undefined || slot.whenStopped !== undefined) return;
    this.#stopThen(slot, () => this.#later(backAfterMs, () => this.#launch(slot)));
  }

  restartEverything(): void {
    for (const { name } of this.#slots.values()) this.stop(name, 0);
  }

  freeze(name: string, ms: Milliseconds): void {
    const process = this.#slots.get(name)?.process;
    if (process === undefined || process.frozen) return;
    process.frozen = true;
    this.#note(process, 'frozen');
    this.#later(ms, () => {
      if (process.dead) return;
      process.frozen = false;
      this.#note(process, 'thawed');
      this.#catchUp(process);
      this.#world.workload.roleReady();
    });
  }

  cut(name: string, ms: Milliseconds, inFlight: 'lost' | 'arrives'): void {
    const slot = this.#slots.get(name);
    if (slot?.process === undefined) return;
    this.#note(slot.process, 'cut');
    this.#world.network.cut(name, this.#world.now() + ms, inFlight);
    this.#later(ms, () => {
      if (slot.process !== undefined) this.#note(slot.process, 'healed');
    });
  }

  join(role: string): void {
    if (this.#world.chapter.roles[role] !== undefined) this.start(role);
  }

  rewind(group: string, topic: string, partition: number, offset: number): void {
    const names = new Set(this.#world.kafka.members(group));
    const members = [...names].flatMap((name) => this.#slots.get(name) ?? []);
    const stopping = members.filter(
      (slot) => slot.process !== undefined && slot.whenStopped === undefined,
    );
    let left = stopping.length;
    const move = (): void => {
      this.#world.broker.setCommitted(group, topic, partition, offset);
      this.#world.kafka.drain();
      for (const slot of stopping) this.#later(0, () => this.#launch(slot));
    };
    if (left === 0) return move();
    for (const slot of stopping) {
      this.#stopThen(slot, () => {
        if (--left === 0) move();
      });
    }
  }

  ready(role: string): readonly Slot[] {
    return [...this.#slots.values()].filter(
      (slot) => slot.role === role && slot.state === 'ready' && slot.process?.frozen === false,
    );
  }

  busy(): boolean {
    return (
      this.#pending > 0 ||
      [...this.#slots.values()].some(({ state }) => state === 'starting' || state === 'stopping')
    );
  }

  waitsFor(): string | undefined {
    for (const { name, state } of this.#slots.values()) {
      if (state === 'starting') return `${name} has not finished starting`;
      if (state === 'stopping') return `${name} has not finished stopping`;
    }
    return undefined;
  }

  #later(ms: Milliseconds, go: () => void): void {
    this.#pending++;
    this.#world.agenda.add(
      this.#world.now() + ms,
      () => {
        this.#pending--;
        go();
      },
      false,
    );
  }

  #note(
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
  ): void {
    const { slot, incarnation } = process;
    const fact = { kind: 'instance', slot, incarnation, state } as const;
    this.#world.recorder.add({ ...fact, ...(reason !== undefined && { reason }) }, line);
  }

  #launch(slot: Slot): void {
    if (slot.process !== undefined) return;
    slot.incarnations++;
    slot.state = 'starting';
    const process = new Incarnation(this.#world, slot.role, slot.name, slot.incarnations);
    slot.process = process;
    this.#note(process, 'starts');
    this.#world.deliver(process, () => {
      const service = this.#world.load(process);
      service.then(
        (running) => {
          if (process.dead) return;
          slot.service = running;
          slot.state = 'ready';
          this.#note(process, 'ready');
          this.#world.after(() => this.#world.workload.roleReady());
        },
        (error: unknown) => {
          if (error instanceof Failure) this.#world.abort(error);
          else this.#world.failed(process, error, 'failed to start');
        },
      );
    });
  }

  #end(slot: Slot, inFlight: 'lost' | 'arrives'): void {
    const { process } = slot;
    if (process === undefined) return;
    process.die();
    this.#world.loader.died();
    this.#world.network.abandon(process, inFlight);
    this.#world.ports.abandon(process, inFlight);
    this.#world.passages.abandon(process, inFlight);
    slot.process = undefined;
    slot.service = undefined;
    slot.state = 'down';
    this.#world.workload.died(process);
  }

  /** What came while it was frozen, in order; what comes meanwhile lines up behind it. */
  #catchUp(process: Incarnation): void {
    if (process.dead || process.frozen || process.backlog.length === 0) return;
    this.#later(0, () => {
      if (process.frozen) return;
      const event = process.backlog.shift();
      if (event !== undefined) this.#world.run(process, event);
      this.#catchUp(process);
    });
  }

  #again(slot: Slot): void {
    const ms = slot.backOffMs;
    slot.backOffMs = Math.min(slot.backOffMs * 2, longestBackOffMs);
    this.#later(ms, () => this.#launch(slot));
  }

  #stopThen(slot: Slot, back: () => void): void {
    const { process, service } = slot;
    if (process === undefined) return;
    slot.whenStopped = back;
    slot.state = 'stopping';
    this.#note(process, 'stopping');
    if (service === undefined) return this.exited(process, 'stopped while it was starting');
    this.#world.deliver(process, () => {
      Promise.resolve(service.stop()).then(
        () => {
          if (process.dead) return;
          this.#note(process, 'stopped');
          this.#world.after(() => this.#leave(slot, process));
        },
        (error: unknown) => this.#world.failed(process, error, 'failed to stop'),
      );
    });
    const deadline = this.#world.agenda.add(
      this.#world.now() + gracePeriodMs,
      () => {
        if (slot.process === process) this.crash(slot.name, 'lost');
      },
      false,
    );
    this.#graceEnds.set(process, () => this.#world.agenda.cancel(deadline));
  }

  #leave(slot: Slot, process: Incarnation): void {
    if (slot.process !== process) return;
    this.#graceEnds.get(process)?.();
    const back = slot.whenStopped;
    slot.whenStopped = undefined;
    this.#end(slot, 'arrives');
    slot.state = 'stopped';
    slot.exitsInRow = 0;
    slot.backOffMs = firstBackOffMs;
    back?.();
  }
}
