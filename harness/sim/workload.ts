/**
 * Sends the commands of a schedule: each once, when the schedule says. A call waits for a process that can take it
 * and is never sent twice; when its process dies it is unknown.
 */
import type { Json } from '#kernel';
import type { Command, Sending } from '#kit';
import type { ScheduledCommand } from '#schedule';
import type { Incarnation } from './incarnation.ts';
import type { World } from './world.ts';

export interface Workload {
  /** The commands that come before the other roles start; `done` when they are answered. */
  begin(): void;
  sendNow(id: string): void;
  republish(id: string): void;
  roleReady(): void;
  died(process: Incarnation): void;
  /** Every command is answered or unknown. */
  done(): boolean;
  waitsFor(): string | undefined;
  /** One more command for coming to rest. */
  close(n: number, where: string | undefined): void;
  readonly closed: number;
  /** Whether a closing command can bring this topic a record: as a record it goes to one topic only. */
  closes(topic: string): boolean;
  /** Roles that a command before the start needs. */
  readonly early: readonly string[];
}

interface Pending {
  readonly id: string;
  readonly value: Command;
  readonly sending: Sending;
  /** The slot that the schedule chose. */
  readonly to: string | undefined;
  readonly closing: boolean;
  /** The next one goes when this one is answered. */
  readonly next: (() => void) | undefined;
  process: Incarnation | undefined;
  /** The process has it: from here on, whether it happened is not known when that dies. */
  arrived: boolean;
}

interface Answer {
  readonly state: 'acked' | 'unknown';
  readonly result?: Json;
  readonly reason?: string;
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function createWorkload(world: World): Workload {
  return new CommandDriver(world);
}

class CommandDriver implements Workload {
  readonly early: readonly string[];
  readonly #world: World;
  readonly #waiting: Pending[] = [];
  readonly #underWay = new Set<Pending>();
  readonly #inOrder: readonly ScheduledCommand[];
  readonly #placed: Map<string, ScheduledCommand>;
  #nextIndex = 0;
  #closed = 0;
  readonly #sendOf: (command: Command) => Sending;

  constructor(world: World) {
    this.#world = world;
    const { commands } = world.schedule;
    this.#inOrder = commands.filter(({ at }) => typeof at !== 'object');
    this.#placed = new Map(
      commands.filter(({ at }) => typeof at === 'object').map((each) => [each.id, each]),
    );
    this.#sendOf = world.chapter.workload.send as (command: Command) => Sending;
    this.early = this.#inOrder
      .filter(({ at }) => at === 'before start')
      .flatMap(({ value }) => {
        const sending = this.#sendOf(value);
        return 'role' in sending ? [sending.role] : [];
      });
  }

  begin(): void {
    if (this.#inOrder[0]?.at !== 'before start') this.#world.startRest();
    this.#sendNext();
  }

  sendNow(id: string): void {
    const command = this.#placed.get(id);
    if (command === undefined) return;
    this.#placed.delete(id);
    this.#dispatch(this.#pendingOf(command, false, undefined));
  }

  republish(id: string): void {
    this.#world.records.appendAgain(id);
  }

  roleReady(): void {
    for (const pending of this.#waiting.splice(0)) this.#dispatch(pending);
  }

  died(process: Incarnation): void {
    for (const pending of this.#underWay) {
      if (pending.process !== process) continue;
      if (pending.arrived) {
        this.#settle(pending, { state: 'unknown', reason: `${process.slot} ended first` });
        continue;
      }
      // Nobody took it: it has not been sent.
      this.#underWay.delete(pending);
      pending.process = undefined;
      this.#dispatch(pending);
    }
  }

  done(): boolean {
    return (
      this.#underWay.size === 0 &&
      this.#waiting.length === 0 &&
      this.#nextIndex === this.#inOrder.length
    );
  }

  waitsFor(): string | undefined {
    const [pending] = [...this.#waiting, ...this.#underWay];
    if (pending === undefined) return undefined;
    const where = 'role' in pending.sending ? ` by ${pending.sending.role}` : '';
    return `${pending.id} has not been answered${where}`;
  }

  close(n: number, where: string | undefined): void {
    this.#closed++;
    const value = this.#world.chapter.workload.closing(n);
    const id = (this.#world.chapter.workload.id as (command: Command) => string)(value);
    const pending = this.#pendingOf({ id, value }, true, undefined);
    const { sending } = pending;
    const [topic, partition] = where?.split('/') ?? [];
    const reaches = 'topic' in sending && sending.topic === topic;
    this.#dispatch(
      reaches ? { ...pending, sending: { ...sending, partition: Number(partition) } } : pending,
    );
  }

  closes(topic: string): boolean {
    const sending = this.#sendOf(this.#world.chapter.workload.closing(1));
    return 'role' in sending || sending.topic === topic;
  }

  get closed(): number {
    return this.#closed;
  }

  #pendingOf(
    { id, value, to }: ScheduledCommand,
    closing: boolean,
    next: (() => void) | undefined,
  ): Pending {
    this.#world.records.learn(id);
    const sending = this.#sendOf(value);
    return { id, value, sending, to, closing, next, process: undefined, arrived: false };
  }

  #settle(pending: Pending, { state, result, reason }: Answer): void {
    if (!this.#underWay.delete(pending)) return;
    const { id, value, closing, process, sending } = pending;
    this.#world.recorder.add({
      kind: 'command',
      id,
      state,
      value: value as Json,
      closing,
      ...(process && { slot: process.slot }),
      ...('call' in sending && { call: sending.call }),
      ...(result !== undefined && { result }),
      ...(reason !== undefined && { reason }),
    });
    for (const planned of this.#world.gate.faultsAfter(id)) this.#world.strikeHere(planned);
    pending.next?.();
  }

  #sent(pending: Pending): void {
    const { id, value, closing, process, sending } = pending;
    this.#world.recorder.add({
      kind: 'command',
      id,
      state: 'sent',
      value: value as Json,
      closing,
      ...(process && { slot: process.slot }),
      ...('call' in sending && { call: sending.call }),
    });
  }

  #call(pending: Pending, role: string, name: string, args: readonly unknown[]): boolean {
    const ready = this.#world.supervisor.ready(role);
    const slot = ready.find((each) => each.name === pending.to) ?? ready[0];
    if (slot?.process === undefined) return false;
    const { process, service } = slot;
    pending.process = process;
    this.#underWay.add(pending);
    this.#world.later(this.#world.hopMs(), () => {
      if (process.dead) return;
      this.#world.deliver(process, () => {
        this.#world.visits?.commanded(process);
        pending.arrived = true;
        this.#sent(pending);
        const method = service?.[name];
        if (typeof method !== 'function') {
          return this.#settleLater(pending, {
            state: 'unknown',
            reason: `${role} has no ${name}`,
          });
        }
        const run = method as (...values: unknown[]) => unknown;
        // What it throws at once is a rejection like any other: a caller far away sees no difference.
        new Promise((resolve) => resolve(run.apply(service, structuredClone([...args])))).then(
          (result) => this.#answered(pending, result),
          (error: unknown) => this.#settleLater(pending, { state: 'unknown', reason: said(error) }),
        );
      });
    });
    return true;
  }

  /** The caller is elsewhere: what cannot be sent has not been answered. */
  #answered(pending: Pending, result: unknown): void {
    try {
      const text: string | undefined = JSON.stringify(structuredClone(result));
      const copy = text === undefined ? undefined : (JSON.parse(text) as Json);
      this.#settleLater(pending, { state: 'acked', ...(copy !== undefined && { result: copy }) });
    } catch (error) {
      this.#settleLater(pending, { state: 'unknown', reason: said(error) });
    }
  }

  #settleLater(pending: Pending, answer: Answer): void {
    const { process } = pending;
    if (process?.dead !== false) return;
    this.#world.later(this.#world.hopMs(), () => this.#settle(pending, answer));
  }

  #dispatch(pending: Pending): void {
    const { sending } = pending;
    if ('topic' in sending) {
      this.#underWay.add(pending);
      this.#world.later(this.#world.hopMs(), () => {
        this.#sent(pending);
        this.#world.records.append(sending);
        this.#settle(pending, { state: 'acked' });
      });
      return;
    }
    if (!this.#call(pending, sending.role, sending.call, sending.with)) this.#waiting.push(pending);
  }

  #sendNext(): void {
    const command = this.#inOrder[this.#nextIndex];
    if (command === undefined) return;
    this.#nextIndex++;
    const following = this.#inOrder[this.#nextIndex];
    const together = following?.at === 'with previous';
    this.#dispatch(this.#pendingOf(command, false, together ? undefined : () => this.#goOn()));
    if (together) this.#sendNext();
  }

  /** The one after an early command waits for the rest of the deployment. */
  #goOn(): void {
    const early = this.#inOrder[this.#nextIndex]?.at === 'before start';
    if (!early) this.#world.startRest();
    this.#sendNext();
  }
}
