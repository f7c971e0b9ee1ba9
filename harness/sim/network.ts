/**
 * Connections between instances and the broker: bytes take a hop of virtual time each way, FIFO inside a connection.
 * When a process dies, what it had already written is lost or arrives, as the schedule says.
 */
import type { Milliseconds } from '#kernel';
import type { Incarnation } from './incarnation.ts';
import { SimSocket } from './socket.ts';
import type { Asker } from './visits.ts';
import type { World } from './world.ts';

export interface Connection {
  readonly id: number;
  readonly owner: Incarnation;
  readonly socket: SimSocket;
  /** The broker's end: false once it has been told that the connection is gone. */
  open: boolean;
  /** Nobody listens any more: answers go nowhere. */
  orphan: boolean;
  /** Written and not yet arrived. */
  inFlight: number;
  arrivesAtMs: Milliseconds;
  deliversAtMs: Milliseconds;
  /** Line of the learner's file that caused the last write (replay only). */
  stack: string | undefined;
  /** Who caused it (runs with marked calls only). */
  asker: Asker | undefined;
}

/** What the network hands bytes and endings to. */
export interface Listener {
  opened(connection: Connection): void;
  arrived(connection: Connection, bytes: Buffer): void;
  /** The client wrote its last byte: calls `drop` once what it wrote is done with. */
  ended(connection: Connection): void;
  closed(connection: Connection): void;
}

export interface Network {
  connect(owner: Incarnation, address: { host: string; port: number }): SimSocket;
  /** Bytes from the broker, one hop away. `delivered` runs just before the client sees them. */
  answer(connection: Connection, bytes: Buffer, delivered: () => void): void;
  /**
   * The far side closes: the client sees it after what was answered before; what it had written
   * meanwhile is lost.
   */
  close(connection: Connection): void;
  /** The far side forgets the connection. */
  drop(connection: Connection): void;
  /** A process died. */
  abandon(owner: Incarnation, inFlight: Fate): void;
  /** Every connection of a slot is cut and none can be made until then. */
  cut(slot: string, untilMs: Milliseconds, inFlight: Fate): void;
  /** Bytes on their way, either direction. */
  busy(): boolean;
  hasInFlight(owner: Incarnation, but?: Connection): boolean;
}

/** What becomes of bytes that were written and have not arrived. */
export type Fate = 'lost' | 'arrives';

export const brokerAddress = { host: '127.0.0.1', port: 9092 };
/** Given to every service; nobody answers there until chapters have tables. */
export const databaseAddress = { host: '127.0.0.1', port: 5432 };

export function createNetwork(world: World, listener: Listener): Network {
  return new SimNetwork(world, listener);
}

class SimNetwork implements Network {
  readonly #world: World;
  readonly #listener: Listener;
  readonly #connections = new Set<Connection>();
  readonly #cutUntil = new Map<string, Milliseconds>();
  #nextId = 1;
  /** Bytes, openings and endings that are under way. */
  #moving = 0;

  constructor(world: World, listener: Listener) {
    this.#world = world;
    this.#listener = listener;
  }

  connect(owner: Incarnation, address: { host: string; port: number }): SimSocket {
    const id = this.#nextId++;
    const socket: SimSocket = new SimSocket(
      { ...address, localPort: 40_000 + id },
      {
        wrote: (bytes) => this.#wrote(connection, bytes),
        closed: () => this.#clientClosed(connection),
        threw: (error) => this.#world.threw(owner, error),
      },
    );
    const connection: Connection = {
      id,
      owner,
      socket,
      open: false,
      orphan: false,
      inFlight: 0,
      arrivesAtMs: 0,
      deliversAtMs: 0,
      stack: undefined,
      asker: undefined,
    };
    this.#after(this.#world.now() + 2 * this.#world.hopMs(), () => {
      if (owner.dead || socket.destroyed) return;
      if (address.port === databaseAddress.port) {
        return this.#fail(socket, owner, new Error('this chapter has no database'));
      }
      if (this.#isCut(owner.slot)) return this.#fail(socket, owner, refusal(address));
      connection.open = true;
      this.#connections.add(connection);
      this.#listener.opened(connection);
      this.#world.deliver(owner, () => socket.accepted());
    });
    return socket;
  }

  answer(connection: Connection, bytes: Buffer, delivered: () => void): void {
    if (connection.orphan || !connection.open) return;
    const atMs = Math.max(connection.deliversAtMs, this.#world.now() + this.#world.hopMs());
    connection.deliversAtMs = atMs;
    this.#after(atMs, () => {
      if (connection.orphan || connection.owner.dead) return;
      this.#world.deliver(connection.owner, () => {
        if (connection.orphan) return;
        this.#world.recorder.bytes('<', connection.id, bytes);
        delivered();
        connection.socket.arrived(bytes);
      });
    });
  }

  close(connection: Connection): void {
    if (!connection.open) return;
    this.drop(connection);
    this.#tellEnd(
      connection,
      Math.max(connection.deliversAtMs, this.#world.now() + this.#world.hopMs()),
    );
  }

  abandon(owner: Incarnation, inFlight: Fate): void {
    for (const connection of this.#connections) {
      if (connection.owner !== owner) continue;
      this.#endsAt(connection, this.#world.now());
      if (inFlight === 'lost') this.drop(connection);
    }
  }

  cut(slot: string, untilMs: Milliseconds, inFlight: Fate): void {
    this.#cutUntil.set(slot, Math.max(untilMs, this.#cutUntil.get(slot) ?? 0));
    for (const connection of this.#connections) {
      if (connection.owner.slot !== slot || connection.orphan) continue;
      this.#endsAt(connection, this.#world.now());
      if (inFlight === 'lost') this.drop(connection);
      this.#tellEnd(connection, this.#world.now() + this.#world.hopMs());
    }
  }

  busy(): boolean {
    return this.#moving > 0;
  }

  hasInFlight(owner: Incarnation, but?: Connection): boolean {
    for (const connection of this.#connections) {
      if (connection !== but && connection.owner === owner && connection.inFlight > 0) return true;
    }
    return false;
  }

  #after(atMs: Milliseconds, go: () => void): void {
    this.#moving++;
    this.#world.agenda.add(
      atMs,
      () => {
        this.#moving--;
        go();
      },
      false,
    );
  }

  #isCut(slot: string): boolean {
    return (this.#cutUntil.get(slot) ?? 0) > this.#world.now();
  }

  drop(connection: Connection): void {
    this.#connections.delete(connection);
    if (!connection.open) return;
    connection.open = false;
    this.#listener.closed(connection);
  }

  #wrote(connection: Connection, bytes: Buffer): void {
    if (!connection.open || connection.orphan || connection.owner.dead) return;
    if (this.#world.traced) connection.stack = new Error('written here').stack;
    connection.inFlight++;
    const atMs = Math.max(connection.arrivesAtMs, this.#world.now() + this.#world.hopMs());
    connection.arrivesAtMs = atMs;
    const copy = Buffer.from(bytes);
    const { stack } = connection;
    const asker = this.#world.visits?.here();
    this.#after(atMs, () => {
      connection.inFlight--;
      if (!connection.open) return;
      connection.stack = stack;
      connection.asker = asker;
      this.#world.recorder.bytes('>', connection.id, copy);
      this.#listener.arrived(connection, copy);
    });
  }

  /** The client is gone: what it wrote comes first, then its end. */
  #endsAt(connection: Connection, atMs: Milliseconds): void {
    connection.orphan = true;
    if (!connection.open) return;
    this.#after(Math.max(connection.arrivesAtMs, atMs), () => {
      if (connection.open) this.#listener.ended(connection);
    });
  }

  #clientClosed(connection: Connection): void {
    if (!connection.orphan) this.#endsAt(connection, this.#world.now() + this.#world.hopMs());
  }

  #tellEnd({ owner, socket }: Connection, atMs: Milliseconds): void {
    return this.#after(atMs, () => this.#world.deliver(owner, () => socket.ended()));
  }

  #fail(socket: SimSocket, owner: Incarnation, error: Error): void {
    this.#world.deliver(owner, () => socket.failed(error));
  }
}

function refusal({ host, port }: { host: string; port: number }): Error {
  return Object.assign(new Error(`connect ECONNREFUSED ${host}:${port}`), {
    code: 'ECONNREFUSED',
    errno: -111,
    syscall: 'connect',
  });
}
