/**
 * Calls on outside systems: a hop there, applied in the world, a hop back. A backend has three steps, describe, apply,
 * answer; apply may settle later in real time while virtual time stands still.
 */
import type { Json } from '#kernel';
import type { Incarnation } from './incarnation.ts';
import type { Op } from './passage.ts';
import type { World } from './world.ts';

/** An outside system as the world drives it. State is the backend's own and dies with the run. */
export interface PortBackend {
  readonly calls: readonly string[];
  /** Synchronous, or settles after real time. A throw is the port's own refusal. */
  apply(call: string, args: readonly unknown[]): unknown;
}

export interface PortLane {
  /** The frozen facade that one incarnation is given. */
  facade(owner: Incarnation): object;
  /** A process died: what it had called and had not arrived is lost or arrives. */
  abandon(owner: Incarnation, inFlight: 'lost' | 'arrives'): void;
  busy(): boolean;
}

interface Call {
  readonly owner: Incarnation;
  readonly name: string;
  readonly port: string;
  readonly call: string;
  readonly args: readonly unknown[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly stack: string | undefined;
  applied: boolean;
  lost: boolean;
}

/** How long a caller waits before it is told that an answer was lost. */
const portTimeoutMs = 5_000;

export function createPortLane(world: World, backends: ReadonlyMap<string, PortBackend>): PortLane {
  const calls = new Set<Call>();

  const facade = (owner: Incarnation): object => {
    const ports: Record<string, object> = {};
    for (const [port, { calls: names }] of backends) {
      const functions: Record<string, unknown> = {};
      for (const call of names) {
        functions[call] = (...args: unknown[]) => start(owner, port, call, args);
      }
      ports[port] = Object.freeze(functions);
    }
    return Object.freeze(ports);
  };

  const start = (
    owner: Incarnation,
    port: string,
    call: string,
    args: unknown[],
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (owner.dead) return;
      const entry: Call = {
        owner,
        name: `${port}.${call}`,
        port,
        call,
        args: structuredClone(args),
        resolve,
        reject,
        stack: world.traced ? new Error('called here').stack : undefined,
        applied: false,
        lost: false,
      };
      calls.add(entry);
      world.agenda.add(world.now() + world.hopMs(), () => arrive(entry), false);
    });

  const arrive = (entry: Call): void => {
    if (entry.lost) return void calls.delete(entry);
    const op = world.passages.open({
      owner: entry.owner,
      connection: undefined,
      kind: 'port',
      operation: entry.name,
      target: '',
      topics: [],
      cause: world.causeOfCall(entry.name, entry.args),
      stack: entry.stack,
    });
    world.passages.cross(op, 'before apply', {
      pass: () => apply(entry, op),
      answer: (error) => {
        fact(entry, op, 'rejected');
        world.passages.refused(op, error);
        back(entry, op, 0, () => entry.reject(refusal(entry.name, 'is unavailable')));
      },
      close: () => timeOut(entry, op),
      silence: () => timeOut(entry, op),
      gone: () => void calls.delete(entry),
    });
  };

  const apply = (entry: Call, op: Op): void => {
    if (entry.lost) return void calls.delete(entry);
    entry.applied = true;
    const backend = backends.get(entry.port) as PortBackend;
    let result: unknown;
    try {
      result = backend.apply(entry.call, entry.args);
    } catch (error) {
      return settle(entry, op, () => entry.reject(asError(error)), asError(error).message);
    }
    if (!(result instanceof Promise)) return succeed(entry, op, result);
    world.suspend(
      result.then(
        (value) => () => succeed(entry, op, value),
        (error) => () =>
          settle(entry, op, () => entry.reject(asError(error)), asError(error).message),
      ),
    );
  };

  const succeed = (entry: Call, op: Op, value: unknown): void => {
    const answer = structuredClone(value);
    settle(entry, op, () => entry.resolve(answer), undefined);
  };

  const settle = (entry: Call, op: Op, tell: () => void, error: string | undefined): void => {
    fact(entry, op, error === undefined ? 'applied' : 'rejected');
    world.passages.applied(op, error);
    world.passages.cross(op, 'after apply', {
      pass: () => back(entry, op, 0, tell),
      answer: () => back(entry, op, 0, () => entry.reject(refusal(entry.name, 'failed'))),
      close: () => timeOut(entry, op),
      silence: () => timeOut(entry, op),
      gone: () => void calls.delete(entry),
    });
  };

  const timeOut = (entry: Call, op: Op): void =>
    back(entry, op, portTimeoutMs, () => entry.reject(refusal(entry.name, 'timed out')), false);

  const back = (entry: Call, op: Op, ms: number, tell: () => void, answered = true): void => {
    world.agenda.add(
      world.now() + world.hopMs() + ms,
      () => {
        calls.delete(entry);
        world.deliver(entry.owner, () => {
          if (answered) world.passages.delivered(op);
          tell();
        });
      },
      false,
    );
  };

  const fact = (entry: Call, op: Op, outcome: 'applied' | 'rejected'): void => {
    world.recorder.add(
      {
        kind: 'port',
        name: entry.name,
        args: entry.args as readonly Json[],
        outcome,
        slot: entry.owner.slot,
        incarnation: entry.owner.incarnation,
      },
      op.line,
    );
  };

  return {
    facade,
    abandon(owner, inFlight) {
      for (const entry of calls) {
        if (entry.owner !== owner) continue;
        if (inFlight === 'lost') entry.lost = true;
        if (inFlight === 'lost' || entry.applied) calls.delete(entry);
      }
    },
    busy: () => calls.size > 0,
  };
}

function refusal(name: string, how: string): Error {
  return Object.assign(new Error(`${name} ${how}`), { code: 'PORT' });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
