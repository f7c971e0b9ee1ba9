/**
 * Port calls of the processes: they arrive over IPC, are applied here, and answered. Here is also
 * the one place where a live run can be struck exactly: before a call is applied, or after it was
 * and before the answer leaves.
 */
import type { Json } from '#kernel';
import { pointKey, printFault, type Fault, type FaultPoint, type Phase } from '#schedule';
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

interface Passage {
  readonly point: FaultPoint;
  /** Counts calls of this operation, whoever made them. */
  readonly nth: number;
}

export function createPortGate(world: LiveWorld): PortGate {
  const { plan } = world;
  const pending = new Map<PortCall, string>();
  let struck = false;

  const passageOf = createCounter(world);
  /** True = the process was killed here. */
  const strikes = (slot: Slot, { point, nth }: Passage, phase: Phase): boolean => {
    if (plan.kind !== 'crash' || struck || plan.phase !== phase) return false;
    const { at } = plan;
    const here =
      'nth' in at
        ? at.operation === point.operation && nth === at.nth
        : pointKey(at, phase) === pointKey(point, phase);
    if (!here) return false;
    struck = true;
    const fault: Fault = { kind: 'crash', place: { point, phase } };
    world.history.add({ kind: 'fault', index: 0, fault: printFault(fault), lost: 'process' });
    world.struck(fault);
    world.supervisor.crash(slot);
    return true;
  };

  const arrive = async (slot: Slot, instance: Instance, message: PortCall): Promise<void> => {
    const { port, call, args, id } = message;
    const operation = `${port}.${call}`;
    const passage = passageOf(slot, operation, args);
    const { incarnation } = slot;
    if (strikes(slot, passage, 'before apply')) return;
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
    if (slot.instance === instance && strikes(slot, passage, 'after apply')) return;
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

/** Names each call by the one notation, and counts it. */
function createCounter(world: LiveWorld) {
  const ordinals = new Map<string, number>();
  const counts = new Map<string, number>();
  return (slot: Slot, operation: string, args: readonly unknown[]): Passage => {
    const point = {
      slot: slot.name,
      operation,
      target: '',
      cause: causeOf(world, operation, args),
    };
    const key = pointKey({ ...point, ordinal: 0 }, 'before apply');
    const ordinal = (ordinals.get(key) ?? 0) + 1;
    ordinals.set(key, ordinal);
    const nth = (counts.get(operation) ?? 0) + 1;
    counts.set(operation, nth);
    return { point: { ...point, ordinal }, nth };
  };
}

/** The commands that a call is about, by the chapter's own flow. */
function causeOf(world: LiveWorld, name: string, args: readonly unknown[]): readonly string[] {
  const stamp = { slot: '', incarnation: 0, seq: 0, atMs: 0 };
  const call = { name, args, outcome: 'applied', ...stamp } as const;
  try {
    const effects = world.chapter.flow.effects({ calls: [call], topics: {}, tables: {} });
    return effects.map(({ id }) => id);
  } catch {
    return [];
  }
}

function plainError(error: unknown): PlainError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack: '' };
}
