/**
 * Connections between instances and the broker: bytes take a hop of virtual time each way, FIFO inside a connection.
 * When a process dies, what it had already written is lost or arrives, as the schedule says.
 */
import type { Milliseconds } from '#kernel';
import type { Incarnation } from './incarnation.ts';
import { SimSocket } from './socket.ts';
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

export function createNetwork(world: World, listener: Listener): Network {
  const connections = new Set<Connection>();
  const cutUntil = new Map<string, Milliseconds>();
  let nextId = 1;
  /** Bytes, openings and endings that are under way. */
  let moving = 0;

  const after = (atMs: Milliseconds, go: () => void): void => {
    moving++;
    world.agenda.add(
      atMs,
      () => {
        moving--;
        go();
      },
      false,
    );
  };

  const isCut = (slot: string): boolean => (cutUntil.get(slot) ?? 0) > world.now();

  const drop = (connection: Connection): void => {
    connections.delete(connection);
    if (!connection.open) return;
    connection.open = false;
    listener.closed(connection);
  };

  const wrote = (connection: Connection, bytes: Buffer): void => {
    if (!connection.open || connection.orphan || connection.owner.dead) return;
    if (world.traced) connection.stack = new Error('written here').stack;
    connection.inFlight++;
    const atMs = Math.max(connection.arrivesAtMs, world.now() + world.hopMs());
    connection.arrivesAtMs = atMs;
    const copy = Buffer.from(bytes);
    const { stack } = connection;
    after(atMs, () => {
      connection.inFlight--;
      if (!connection.open) return;
      connection.stack = stack;
      world.recorder.bytes('>', connection.id, copy);
      listener.arrived(connection, copy);
    });
  };

  /** The client is gone: what it wrote comes first, then its end. */
  const endsAt = (connection: Connection, atMs: Milliseconds): void => {
    connection.orphan = true;
    if (!connection.open) return;
    after(Math.max(connection.arrivesAtMs, atMs), () => {
      if (connection.open) listener.ended(connection);
    });
  };

  const clientClosed = (connection: Connection): void => {
    if (!connection.orphan) endsAt(connection, world.now() + world.hopMs());
  };

  const tellEnd = ({ owner, socket }: Connection, atMs: Milliseconds): void =>
    after(atMs, () => world.deliver(owner, () => socket.ended()));

  const refuse = (socket: SimSocket, owner: Incarnation, address: string): void => {
    const error = Object.assign(new Error(`connect ECONNREFUSED ${address}`), {
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'connect',
    });
    world.deliver(owner, () => socket.failed(error));
  };

  return {
    drop,
    connect(owner, address) {
      const id = nextId++;
      const socket: SimSocket = new SimSocket(
        { ...address, localPort: 40_000 + id },
        {
          wrote: (bytes) => wrote(connection, bytes),
          closed: () => clientClosed(connection),
          threw: (error) => world.threw(owner, error),
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
      };
      after(world.now() + 2 * world.hopMs(), () => {
        if (owner.dead || socket.destroyed) return;
        if (isCut(owner.slot)) return refuse(socket, owner, `${address.host}:${address.port}`);
        connection.open = true;
        connections.add(connection);
        listener.opened(connection);
        world.deliver(owner, () => socket.accepted());
      });
      return socket;
    },
    answer(connection, bytes, delivered) {
      if (connection.orphan || !connection.open) return;
      const atMs = Math.max(connection.deliversAtMs, world.now() + world.hopMs());
      connection.deliversAtMs = atMs;
      after(atMs, () => {
        if (connection.orphan || connection.owner.dead) return;
        world.deliver(connection.owner, () => {
          if (connection.orphan) return;
          world.recorder.bytes('<', connection.id, bytes);
          delivered();
          connection.socket.arrived(bytes);
        });
      });
    },
    close(connection) {
      if (!connection.open) return;
      drop(connection);
      tellEnd(connection, Math.max(connection.deliversAtMs, world.now() + world.hopMs()));
    },
    abandon(owner, inFlight) {
      for (const connection of connections) {
        if (connection.owner !== owner) continue;
        endsAt(connection, world.now());
        if (inFlight === 'lost') drop(connection);
      }
    },
    cut(slot, untilMs, inFlight) {
      cutUntil.set(slot, Math.max(untilMs, cutUntil.get(slot) ?? 0));
      for (const connection of connections) {
        if (connection.owner.slot !== slot || connection.orphan) continue;
        endsAt(connection, world.now());
        if (inFlight === 'lost') drop(connection);
        tellEnd(connection, world.now() + world.hopMs());
      }
    },
    busy: () => moving > 0,
    hasInFlight(owner, but) {
      for (const connection of connections) {
        if (connection !== but && connection.owner === owner && connection.inFlight > 0)
          return true;
      }
      return false;
    },
  };
}
