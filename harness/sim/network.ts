/**
 * Connections between instances and broker or database: bytes take a hop of virtual time each way, FIFO inside a
 * connection.
 * When a process dies, what it had already written is lost or arrives, as the schedule says.
 */
import { invariant, type Milliseconds } from '#kernel';
import type { Incarnation } from './incarnation.ts';
import { deepError } from './lines.ts';
import { SimSocket } from './socket.ts';
import type { Asker } from './visits.ts';
import type { World } from './world.ts';

export interface Connection {
  readonly id: number;
  readonly owner: Incarnation;
  readonly socket: SimSocket;
  readonly address: { readonly host: string; readonly port: number };
  /** The far end: false once it has been told that the connection is gone. */
  open: boolean;
  /** Nobody listens any more: answers go nowhere. */
  orphan: boolean;
  /** Written and not yet arrived. */
  inFlight: number;
  arrivesAtMs: Milliseconds;
  deliversAtMs: Milliseconds;
  /** Where the last write was made: on replay, and always where the far side asks for it. */
  readonly stack: string | undefined;
  /** Its text costs, so that it is made only when it is asked for. */
  written: Error | undefined;
  /** Who caused it (runs with marked calls only). */
  asker: Asker | undefined;
}

/** What the network hands bytes and endings to. */
export interface Listener {
  /** Why nobody is let in now; left out = everybody is. */
  refuses?(owner: Incarnation): Error | undefined;
  /** The bytes as they are hashed: without what no two servers number alike. */
  hashed?(connection: Connection, direction: '>' | '<', bytes: Buffer): Uint8Array;
  /** This may have to be told with the place that wrote it, also when nothing is traced. */
  wantsStack?(bytes: Buffer): boolean;
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
  /** Every connection of a slot to the broker is cut and none can be made until then. */
  cut(slot: string, untilMs: Milliseconds, inFlight: Fate): void;
  /** Bytes on their way, either direction. */
  busy(): boolean;
  hasInFlight(owner: Incarnation, but?: Connection): boolean;
}

/** What becomes of bytes that were written and have not arrived. */
export type Fate = 'lost' | 'arrives';

export const brokerAddress = { host: '127.0.0.1', port: 9092 };
/** Given to every service; nobody answers there where the chapter has no tables. */
export const databaseAddress = { host: '127.0.0.1', port: 5432 };

/** Who listens at which port of the world; undefined = there is no such thing in this chapter. */
export type Listeners = ReadonlyMap<number, Listener | undefined>;

/** The name under which every service knows its database. */
export const databaseName = 'world';

export function createNetwork(world: World, listeners: Listeners): Network {
  return new SimNetwork(world, listeners);
}

class SimNetwork implements Network {
  readonly #world: World;
  readonly #listeners: Listeners;
  readonly #connections = new Set<Connection>();
  readonly #cutUntil = new Map<string, Milliseconds>();
  #nextId = 1;
  /** Bytes, openings and endings that are under way. */
  #moving = 0;

  constructor(world: World, listeners: Listeners) {
    this.#world = world;
    this.#listeners = listeners;
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
      address,
      open: false,
      orphan: false,
      inFlight: 0,
      arrivesAtMs: 0,
      deliversAtMs: 0,
      written: undefined,
      get stack() {
        return this.written?.stack;
      },
      asker: undefined,
    };
    this.#after(this.#world.now() + 2 * this.#world.hopMs(), () => this.#open(connection));
    return socket;
  }

  #open(connection: Connection): void {
    const { owner, socket, address } = connection;
    if (owner.dead || socket.destroyed) return;
    const listener = this.#listeners.get(address.port);
    if (listener === undefined) {
      return this.#fail(socket, owner, new Error('this chapter has no database'));
    }
    const refused = this.#isCut(connection) ? refusal(address) : listener.refuses?.(owner);
    if (refused !== undefined) return this.#fail(socket, owner, refused);
    connection.open = true;
    this.#connections.add(connection);
    listener.opened(connection);
    this.#world.deliver(owner, () => socket.accepted());
  }

  answer(connection: Connection, bytes: Buffer, delivered: () => void): void {
    if (connection.orphan || !connection.open) return;
    const atMs = Math.max(connection.deliversAtMs, this.#world.now() + this.#world.hopMs());
    connection.deliversAtMs = atMs;
    this.#after(atMs, () => {
      if (connection.orphan || connection.owner.dead) return;
      this.#world.deliver(connection.owner, () => {
        if (connection.orphan) return;
        this.#record('<', connection, bytes);
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
      if (connection.owner.slot !== slot || connection.orphan || !isCuttable(connection)) continue;
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

  #isCut(connection: Connection): boolean {
    const untilMs = this.#cutUntil.get(connection.owner.slot) ?? 0;
    return isCuttable(connection) && untilMs > this.#world.now();
  }

  #record(direction: '>' | '<', connection: Connection, bytes: Buffer): void {
    const hashed = this.#listenerOf(connection).hashed?.(connection, direction, bytes) ?? bytes;
    this.#world.recorder.bytes(direction, connection.id, hashed);
  }

  #listenerOf({ address }: Connection): Listener {
    const listener = this.#listeners.get(address.port);
    invariant(listener !== undefined, 'a connection that was opened has a far side');
    return listener;
  }

  drop(connection: Connection): void {
    this.#connections.delete(connection);
    if (!connection.open) return;
    connection.open = false;
    this.#listenerOf(connection).closed(connection);
  }

  #wrote(connection: Connection, bytes: Buffer): void {
    if (!connection.open || connection.orphan || connection.owner.dead) return;
    const listener = this.#listenerOf(connection);
    const isWanted = this.#world.traced || listener.wantsStack?.(bytes) === true;
    const written = isWanted ? writtenHere() : undefined;
    connection.inFlight++;
    const atMs = Math.max(connection.arrivesAtMs, this.#world.now() + this.#world.hopMs());
    connection.arrivesAtMs = atMs;
    const copy = Buffer.from(bytes);
    const asker = this.#world.visits?.here();
    this.#after(atMs, () => {
      connection.inFlight--;
      if (!connection.open) return;
      connection.written = written;
      connection.asker = asker;
      this.#record('>', connection, copy);
      listener.arrived(connection, copy);
    });
  }

  /** The client is gone: what it wrote comes first, then its end. */
  #endsAt(connection: Connection, atMs: Milliseconds): void {
    connection.orphan = true;
    if (!connection.open) return;
    this.#after(Math.max(connection.arrivesAtMs, atMs), () => {
      if (connection.open) this.#listenerOf(connection).ended(connection);
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

/** A cut parts a process from Kafka; what makes a zombie is that it still has its database. */
function isCuttable({ address }: Connection): boolean {
  return address.port === brokerAddress.port;
}

function writtenHere(): Error {
  return deepError('written here');
}

export function refusal({ host, port }: { host: string; port: number }): Error {
  return Object.assign(new Error(`connect ECONNREFUSED ${host}:${port}`), {
    code: 'ECONNREFUSED',
    errno: -111,
    syscall: 'connect',
  });
}
