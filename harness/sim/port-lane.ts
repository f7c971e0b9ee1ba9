/**
 * Calls on outside systems: a hop there, applied in the world, a hop back. A backend has three steps, describe, apply,
 * answer; apply may settle later in real time while virtual time stands still.
 */
import type { Json, Milliseconds } from '#kernel';
import { createTurns, type Turns } from './port-turns.ts';
import type { Incarnation } from './incarnation.ts';
import type { Op } from './passage.ts';
import type { Asker } from './visits.ts';
import type { World } from './world.ts';

/** An outside system as the world drives it. State is the backend's own and dies with the run. */
export interface PortBackend {
  readonly calls: readonly string[];
  /** Synchronous, or settles after real time. A throw is the port's own refusal. */
  apply(call: string, args: readonly unknown[]): unknown;
  /** Calls of one key are applied in the order in which they came. */
  key?(call: string, args: readonly unknown[]): string | undefined;
}

export interface PortLane {
  /** The frozen facade that one incarnation is given. */
  facade(owner: Incarnation): object;
  /** A process died: what it had called and had not arrived is lost or arrives. */
  abandon(owner: Incarnation, inFlight: 'lost' | 'arrives'): void;
  /** The port of this call refuses everything for so long. */
  outage(call: string, ms: Milliseconds): void;
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
  readonly asker: Asker | undefined;
  applied: boolean;
  lost: boolean;
}

/** How long a caller waits before it is told that an answer was lost. */
const portTimeoutMs = 5_000;

export function createPortLane(world: World, backends: ReadonlyMap<string, PortBackend>): PortLane {
  return new SimPortLane(world, backends);
}

class SimPortLane implements PortLane {
  readonly #world: World;
  readonly #backends: ReadonlyMap<string, PortBackend>;
  readonly #calls = new Set<Call>();
  /** Of each port that is out, how many outages. */
  readonly #out = new Map<string, number>();
  readonly #turns: Turns<Call>;

  constructor(world: World, backends: ReadonlyMap<string, PortBackend>) {
    this.#world = world;
    this.#backends = backends;
    this.#turns = createTurns((go) => world.after(go));
  }

  abandon(owner: Incarnation, inFlight: 'lost' | 'arrives'): void {
    for (const entry of this.#calls) {
      if (entry.owner !== owner) continue;
      if (inFlight === 'lost') entry.lost = true;
      if (inFlight === 'lost' || entry.applied) this.#forget(entry);
    }
  }

  outage(call: string, ms: Milliseconds): void {
    const [port = call] = call.split('.');
    const count = (more: number): void =>
      void this.#out.set(port, (this.#out.get(port) ?? 0) + more);
    count(1);
    this.#world.later(ms, () => count(-1));
  }

  busy(): boolean {
    return this.#calls.size > 0 || this.#isOut();
  }

  #isOut(port?: string): boolean {
    return [...this.#out].some(([name, count]) => count > 0 && (port ?? name) === name);
  }

  facade(owner: Incarnation): object {
    const ports: Record<string, object> = {};
    for (const [port, { calls: names }] of this.#backends) {
      const functions: Record<string, unknown> = {};
      for (const call of names) {
        functions[call] = Object.freeze((...args: unknown[]) =>
          this.#start(owner, port, call, args),
        );
      }
      ports[port] = Object.freeze(functions);
    }
    return Object.freeze(ports);
  }

  #start(owner: Incarnation, port: string, call: string, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (owner.dead) return;
      const entry: Call = {
        owner,
        name: `${port}.${call}`,
        port,
        call,
        args: structuredClone(args),
        resolve,
        reject,
        stack: this.#world.traced ? new Error('called here').stack : undefined,
        asker: this.#world.visits?.here(),
        applied: false,
        lost: false,
      };
      this.#calls.add(entry);
      this.#world.agenda.add(
        this.#world.now() + this.#world.hopMs(),
        () => this.#arrive(entry),
        false,
      );
    });
  }

  #arrive(entry: Call): void {
    if (entry.lost) return this.#forget(entry);
    this.#turns.came(entry, this.#keyOf(entry));
    const op = this.#world.passages.open({
      owner: entry.owner,
      connection: undefined,
      kind: 'port',
      operation: entry.name,
      target: '',
      topics: [],
      cause: this.#world.records.causeOfCall(entry.name, entry.args),
      stack: entry.stack,
      asker: entry.asker,
    });
    this.#world.passages.cross(op, 'before apply', {
      pass: () => this.#turns.inTurn(entry, () => this.#apply(entry, op)),
      answer: (error) => this.#refuse(entry, op, error),
      close: () => this.#never(entry, op),
      silence: () => this.#never(entry, op),
      gone: () => this.#forget(entry),
    });
  }

  #keyOf({ port, call, args }: Call): string | undefined {
    const key = this.#backends.get(port)?.key?.(call, args);
    return key === undefined ? undefined : JSON.stringify([port, key]);
  }

  /** Its caller hears of a time-out; the next of its key need not wait for that. */
  #never(entry: Call, op: Op): void {
    this.#turns.left(entry);
    this.#timeOut(entry, op);
  }

  #forget(entry: Call): void {
    this.#calls.delete(entry);
    this.#turns.left(entry);
  }

  #refuse(entry: Call, op: Op, error: string): void {
    if (entry.lost) return this.#forget(entry);
    this.#turns.left(entry);
    this.#fact(entry, op, 'rejected');
    this.#world.passages.refused(op, error);
    this.#back(entry, op, 0, () => entry.reject(refusal(entry.name, 'is unavailable')));
  }

  #apply(entry: Call, op: Op): void {
    if (entry.lost) return this.#forget(entry);
    if (this.#isOut(entry.port)) return this.#refuse(entry, op, 'REJECTED');
    entry.applied = true;
    const backend = this.#backends.get(entry.port) as PortBackend;
    let result: unknown;
    try {
      result = backend.apply(entry.call, entry.args);
    } catch (error) {
      return this.#settle(entry, op, () => entry.reject(asError(error)), asError(error).message);
    }
    if (!(result instanceof Promise)) return this.#succeed(entry, op, result);
    this.#world.suspend(
      result.then(
        (value) => () => this.#succeed(entry, op, value),
        (error) => () =>
          this.#settle(entry, op, () => entry.reject(asError(error)), asError(error).message),
      ),
    );
  }

  #succeed(entry: Call, op: Op, value: unknown): void {
    const answer = structuredClone(value);
    this.#settle(entry, op, () => entry.resolve(answer), undefined);
  }

  #settle(entry: Call, op: Op, tell: () => void, error: string | undefined): void {
    this.#fact(entry, op, error === undefined ? 'applied' : 'rejected');
    this.#world.passages.applied(op, error);
    this.#turns.left(entry);
    this.#world.passages.cross(op, 'after apply', {
      pass: () => this.#back(entry, op, 0, tell),
      answer: () => this.#back(entry, op, 0, () => entry.reject(refusal(entry.name, 'failed'))),
      close: () => this.#timeOut(entry, op),
      silence: () => this.#timeOut(entry, op),
      gone: () => void this.#calls.delete(entry),
    });
  }

  #timeOut(entry: Call, op: Op): void {
    return this.#back(
      entry,
      op,
      portTimeoutMs,
      () => entry.reject(refusal(entry.name, 'timed out')),
      false,
    );
  }

  #back(entry: Call, op: Op, ms: number, tell: () => void, answered = true): void {
    this.#world.agenda.add(
      this.#world.now() + this.#world.hopMs() + ms,
      () => {
        this.#calls.delete(entry);
        this.#world.deliver(entry.owner, () => {
          if (answered) this.#world.passages.delivered(op);
          tell();
        });
      },
      false,
    );
  }

  #fact(entry: Call, op: Op, outcome: 'applied' | 'rejected'): void {
    this.#world.recorder.add(
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
  }
}

function refusal(name: string, how: string): Error {
  return Object.assign(new Error(`${name} ${how}`), { code: 'PORT' });
}

/** A copy: what a port throws may be part of its state, or be thrown again. */
function asError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { name, message } = error;
  const more = structuredClone(Object.fromEntries(Object.entries(error)));
  return Object.assign(new Error(message), { name }, more);
}
