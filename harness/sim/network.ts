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
  /** Answers sent and not yet delivered. */
  toDeliver: number;
  arrivesAtMs: Milliseconds;
  deliversAtMs: Milliseconds;
  /** Line of the learner's file that caused the last write (replay only). */
  stack: string | undefined;
}

/** What the network hands bytes and endings to. */
export interface Listener {
  opened(connection: Connection): void;
  arrived(connection: Connection, bytes: Buffer): void;
  closed(connection: Connection): void;
}

export interface Network {
  connect(owner: Incarnation, address: { host: string; port: number }): SimSocket;
  /** Bytes from the broker, one hop away. `delivered` runs just before the client sees them. */
  answer(connection: Connection, bytes: Buffer, delivered: () => void): void;
  /** The far side closes: the client sees it one hop later; what it had written meanwhile is lost. */
  close(connection: Connection): void;
  /** A process died. */
  abandon(owner: Incarnation, inFlight: 'lost' | 'arrives'): void;
  /** Every connection of a slot is cut and none can be made until then. */
  cut(slot: string, untilMs: Milliseconds): void;
  readonly connections: ReadonlySet<Connection>;
  /** Bytes on their way, either direction. */
  busy(): boolean;
  hasInFlight(owner: Incarnation, but?: Connection): boolean;
}

export const brokerAddress = { host: '127.0.0.1', port: 9092 };

export function createNetwork(world: World, listener: Listener): Network {
  const connections = new Set<Connection>();
  const cutUntil = new Map<string, Milliseconds>();
  let nextId = 1;
  let connecting = 0;

  const isCut = (slot: string): boolean => (cutUntil.get(slot) ?? 0) > world.now();

  const drop = (connection: Connection): void => {
    connections.delete(connection);
    if (!connection.open) return;
    connection.open = false;
    listener.closed(connection);
  };

  const wrote = (connection: Connection, bytes: Buffer): void => {
    if (!connection.open || connection.owner.dead) return;
    if (world.traced) connection.stack = new Error('written here').stack;
    connection.inFlight++;
    const atMs = Math.max(connection.arrivesAtMs, world.now() + world.hopMs());
    connection.arrivesAtMs = atMs;
    const copy = Buffer.from(bytes);
    const { stack } = connection;
    world.agenda.add(
      atMs,
      () => {
        connection.inFlight--;
        if (!connection.open) return;
        connection.stack = stack;
        world.recorder.bytes('>', connection.id, copy);
        listener.arrived(connection, copy);
      },
      false,
    );
  };

  const clientClosed = (connection: Connection): void => {
    if (!connection.open || connection.orphan) return;
    connection.orphan = true;
    const atMs = Math.max(connection.arrivesAtMs, world.now() + world.hopMs());
    world.agenda.add(atMs, () => drop(connection), false);
  };

  const refuse = (socket: SimSocket, owner: Incarnation, address: string): void => {
    const error = Object.assign(new Error(`connect ECONNREFUSED ${address}`), {
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'connect',
    });
    world.deliver(owner, () => socket.failed(error));
  };

  return {
    connections,
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
        toDeliver: 0,
        arrivesAtMs: 0,
        deliversAtMs: 0,
        stack: undefined,
      };
      connecting++;
      world.agenda.add(
        world.now() + 2 * world.hopMs(),
        () => {
          connecting--;
          if (owner.dead) return;
          if (isCut(owner.slot)) return refuse(socket, owner, `${address.host}:${address.port}`);
          connection.open = true;
          connections.add(connection);
          listener.opened(connection);
          world.deliver(owner, () => socket.accepted());
        },
        false,
      );
      return socket;
    },
    answer(connection, bytes, delivered) {
      if (connection.orphan || !connection.open) return;
      connection.toDeliver++;
      const atMs = Math.max(connection.deliversAtMs, world.now() + world.hopMs());
      connection.deliversAtMs = atMs;
      world.agenda.add(
        atMs,
        () => {
          connection.toDeliver--;
          if (connection.orphan || connection.owner.dead) return;
          world.deliver(connection.owner, () => {
            if (connection.orphan) return;
            world.recorder.bytes('<', connection.id, bytes);
            delivered();
            connection.socket.arrived(bytes);
          });
        },
        false,
      );
    },
    close(connection) {
      if (connection.orphan) return;
      connection.orphan = true;
      drop(connection);
      const { owner, socket } = connection;
      world.agenda.add(
        world.now() + world.hopMs(),
        () => world.deliver(owner, () => socket.ended()),
        false,
      );
    },
    abandon(owner, inFlight) {
      for (const connection of connections) {
        if (connection.owner !== owner) continue;
        connection.orphan = true;
        if (inFlight === 'lost' || connection.inFlight === 0) drop(connection);
        else world.agenda.add(connection.arrivesAtMs, () => drop(connection), false);
      }
    },
    cut(slot, untilMs) {
      cutUntil.set(slot, untilMs);
      for (const connection of connections) {
        if (connection.owner.slot === slot) this.close(connection);
      }
    },
    busy() {
      if (connecting > 0) return true;
      for (const { inFlight, toDeliver } of connections)
        if (inFlight > 0 || toDeliver > 0) return true;
      return false;
    },
    hasInFlight(owner, but) {
      for (const connection of connections) {
        if (connection !== but && connection.owner === owner && connection.inFlight > 0)
          return true;
      }
      return false;
    },
  };
}
