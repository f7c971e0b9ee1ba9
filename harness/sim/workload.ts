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
  /** Roles that a command before the start needs. */
  readonly early: readonly string[];
}

interface Pending {
  readonly id: string;
  readonly value: Command;
  readonly sending: Sending;
  readonly closing: boolean;
  /** The next one goes when this one is answered. */
  readonly next: (() => void) | undefined;
  process: Incarnation | undefined;
}

export function createWorkload(world: World): Workload {
  const { schedule, chapter } = world;
  const waiting: Pending[] = [];
  const underWay = new Set<Pending>();
  const inOrder = schedule.commands.filter(({ at }) => typeof at !== 'object');
  const placed = new Map(
    schedule.commands.filter(({ at }) => typeof at === 'object').map((each) => [each.id, each]),
  );
  let nextIndex = 0;
  let closed = 0;
  const choices = world.random('commands');
  const sendOf = chapter.workload.send as (command: Command) => Sending;

  const pendingOf = (
    { id, value }: ScheduledCommand,
    closing: boolean,
    next: (() => void) | undefined,
  ): Pending => ({ id, value, sending: sendOf(value), closing, next, process: undefined });

  const settle = (pending: Pending, state: 'acked' | 'unknown', reason?: string): void => {
    if (!underWay.delete(pending)) return;
    const { id, value, closing, process } = pending;
    world.recorder.add({
      kind: 'command',
      id,
      state,
      value: value as Json,
      closing,
      ...(process && { slot: process.slot }),
      ...(reason !== undefined && { reason }),
    });
    for (const planned of world.gate.faultsAfter(id)) world.strikeHere(planned);
    pending.next?.();
  };

  const sent = (pending: Pending): void => {
    const { id, value, closing, process } = pending;
    world.recorder.add({
      kind: 'command',
      id,
      state: 'sent',
      value: value as Json,
      closing,
      ...(process && { slot: process.slot }),
    });
  };

  const call = (
    pending: Pending,
    role: string,
    name: string,
    args: readonly unknown[],
  ): boolean => {
    const ready = world.supervisor.ready(role);
    const slot = ready.length > 1 ? ready[choices.below(ready.length)] : ready[0];
    if (slot?.process === undefined) return false;
    const { process, service } = slot;
    pending.process = process;
    underWay.add(pending);
    world.later(world.hopMs(), () => {
      if (process.dead) return;
      world.deliver(process, () => {
        sent(pending);
        const method = service?.[name];
        if (typeof method !== 'function') {
          return settleLater(pending, 'unknown', `${role} has no ${name}`);
        }
        const run = method as (...values: unknown[]) => unknown;
        // What it throws at once is a rejection like any other: a caller far away sees no difference.
        new Promise((resolve) => resolve(run.apply(service, structuredClone([...args])))).then(
          () => settleLater(pending, 'acked'),
          (error: unknown) =>
            settleLater(pending, 'unknown', error instanceof Error ? error.message : String(error)),
        );
      });
    });
    return true;
  };

  const settleLater = (pending: Pending, state: 'acked' | 'unknown', reason?: string): void => {
    const { process } = pending;
    if (process?.dead !== false) return;
    world.later(world.hopMs(), () => settle(pending, state, reason));
  };

  const dispatch = (pending: Pending): void => {
    const { sending } = pending;
    if ('topic' in sending) {
      underWay.add(pending);
      world.later(world.hopMs(), () => {
        sent(pending);
        world.append(sending);
        settle(pending, 'acked');
      });
      return;
    }
    if (!call(pending, sending.role, sending.call, sending.with)) waiting.push(pending);
  };

  const sendNext = (): void => {
    const command = inOrder[nextIndex];
    if (command === undefined) return;
    nextIndex++;
    const following = inOrder[nextIndex];
    const together = following?.at === 'with previous';
    dispatch(pendingOf(command, false, together ? undefined : () => goOn()));
    if (together) sendNext();
  };

  /** The one after an early command waits for the rest of the deployment. */
  const goOn = (): void => {
    const early = inOrder[nextIndex]?.at === 'before start';
    if (!early) world.startRest();
    sendNext();
  };

  const earlyCommands = inOrder.filter(({ at }) => at === 'before start');

  return {
    early: earlyCommands.flatMap(({ value }) => {
      const sending = sendOf(value);
      return 'role' in sending ? [sending.role] : [];
    }),
    begin() {
      if (inOrder[0]?.at !== 'before start') world.startRest();
      sendNext();
    },
    sendNow(id) {
      const command = placed.get(id);
      if (command === undefined) return;
      placed.delete(id);
      dispatch(pendingOf(command, false, undefined));
    },
    republish(id) {
      world.appendAgain(id);
    },
    roleReady() {
      for (const pending of waiting.splice(0)) dispatch(pending);
    },
    died(process) {
      for (const pending of underWay) {
        if (pending.process === process) settle(pending, 'unknown', `${process.slot} ended first`);
      }
    },
    done: () => underWay.size === 0 && waiting.length === 0 && nextIndex === inOrder.length,
    waitsFor() {
      const [pending] = [...waiting, ...underWay];
      if (pending === undefined) return undefined;
      const where = 'role' in pending.sending ? ` by ${pending.sending.role}` : '';
      return `${pending.id} has not been answered${where}`;
    },
    close(n, where) {
      closed++;
      const value = chapter.workload.closing(n);
      const id = (chapter.workload.id as (command: Command) => string)(value);
      const pending = pendingOf({ id, value }, true, undefined);
      const { sending } = pending;
      const [topic, partition] = where?.split('/') ?? [];
      const reaches = 'topic' in sending && sending.topic === topic;
      dispatch(
        reaches ? { ...pending, sending: { ...sending, partition: Number(partition) } } : pending,
      );
    },
    get closed() {
      return closed;
    },
  };
}
