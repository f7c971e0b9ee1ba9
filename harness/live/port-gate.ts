/**
 * Port calls of the processes: they arrive over IPC, are applied here, and answered. They are applied as they arrive,
 * one after the other, so that those of one key keep their order.
 */
import type { Json } from '#kernel';
import type { Instance } from './instance.ts';
import type { FromInstance, PlainError } from './messages.ts';
import type { Slot } from './supervisor.ts';
import type { LiveWorld } from './world.ts';

type PortCall = FromInstance & { kind: 'port' };

export interface PortGate {
  arrived(slot: Slot, instance: Instance, call: PortCall): void;
  /** A process is gone: nobody waits for its answers. */
  abandon(slot: Slot): void;
  waitsFor(): string | undefined;
}

export function createPortGate(world: LiveWorld): PortGate {
  const pending = new Map<PortCall, string>();

  const arrive = async (slot: Slot, instance: Instance, message: PortCall): Promise<void> => {
    const { port, call, args, id } = message;
    const operation = `${port}.${call}`;
    const cause = causeOf(world, operation, args);
    const passage = world.strikes.passage(slot, { operation, target: '', cause }, operation);
    const { incarnation } = slot;
    if (world.strikes.strikes(slot, passage, 'before apply')) return;
    pending.set(message, slot.name);
    let answer: { value?: unknown; error?: PlainError };
    try {
      answer = { value: await world.ports.get(port)?.apply(call, args) };
    } catch (error) {
      answer = { error: plainError(error) };
    }
    pending.delete(message);
    world.history.add({
      kind: 'port',
      name: operation,
      args: args as readonly Json[],
      outcome: answer.error === undefined ? 'applied' : 'rejected',
      slot: slot.name,
      incarnation,
    });
    const isThere = slot.instance === instance;
    if (isThere && world.strikes.strikes(slot, passage, 'after apply')) return;
    instance.tell({ kind: 'answer', id, ...answer });
  };

  return {
    arrived: (slot, instance, message) => void arrive(slot, instance, message),
    abandon(slot) {
      for (const [call, owner] of pending) if (owner === slot.name) pending.delete(call);
    },
    waitsFor() {
      const [call] = pending.keys();
      return call && `${call.port}.${call.call} has not answered`;
    },
  };
}

/** The commands that a call is about, by the chapter's own flow. */
function causeOf(world: LiveWorld, name: string, args: readonly unknown[]): readonly string[] {
  const stamp = { slot: '', incarnation: 0, seq: 0, atMs: 0 };
  const call = { name, args, outcome: 'applied', ...stamp } as const;
  try {
    const effects = world.chapter.flow.effects({ calls: [call], topics: {}, tables: {} });
    const ids = effects.map(({ id }) => id);
    // A call that is no effect by itself may say all the same what it is about.
    return ids.length > 0 ? ids : world.naming.among([JSON.stringify(args)]);
  } catch {
    return [];
  }
}

function plainError(error: unknown): PlainError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack: '' };
}
