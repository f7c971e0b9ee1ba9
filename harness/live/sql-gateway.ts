/**
 * Stands between each process and PostgreSQL, for it is a process's own connection that has to be struck at an exact
 * statement. Passes on what both sides say, one group of messages at a time, and sees when an answer is whole. Who
 * somebody is, is between the client and the server: passwords go through unread.
 *
 * Left out: encryption (a client that asks for it is told that there is none, as a server without it does), and data
 * of COPY as a place for faults.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  AnswerTracker,
  bytesOf,
  FrameReader,
  GroupReader,
  readFields,
  type Frame,
  type Group,
} from '#postgres';
import type { OperationFact } from '#check';
import type { FreshDatabase } from './database.ts';
import type { DatabaseLogin } from './messages.ts';
import type { SqlAsked } from './naming.ts';
import { databaseCommits, type Passage } from './strikes.ts';
import type { Slot } from './supervisor.ts';
import type { LiveWorld } from './world.ts';

export interface SqlGateway {
  /** What the process in this slot is given. */
  loginOf(slot: string): DatabaseLogin | undefined;
  /** Writes down what the declared tables hold now, where that is new. */
  look(): Promise<void>;
  waitsFor(): string | undefined;
  close(): Promise<void>;
}

export async function openSqlGateway(
  world: LiveWorld,
  database: FreshDatabase,
  slots: readonly Pick<Slot, 'name' | 'role'>[],
): Promise<SqlGateway> {
  const gateway: Shared = { world, database, lines: new Set() };
  const doors = await Promise.all(
    slots.map(async ({ name, role }) => {
      const door = await openDoor(gateway, name);
      const { port } = door.address() as AddressInfo;
      return { name, door, login: { ...database.login(role), host: '127.0.0.1', port } };
    }),
  );
  return {
    loginOf: (slot) => doors.find(({ name }) => name === slot)?.login,
    look: () => readTables(gateway),
    waitsFor() {
      for (const { asked, slot } of gateway.lines) {
        if (asked !== undefined) return `${slot.name} waits for an answer of the database`;
      }
      return database.waitsFor();
    },
    async close() {
      for (const line of gateway.lines) hangUp(line);
      await Promise.all(doors.map(({ door }) => new Promise((resolve) => door.close(resolve))));
    },
  };
}

interface Shared {
  readonly world: LiveWorld;
  readonly database: FreshDatabase;
  readonly lines: Set<Line>;
}

/** One connection of one process, and ours to the server for it. */
interface Line {
  readonly gateway: Shared;
  readonly slot: Slot;
  readonly incarnation: number;
  readonly client: Socket;
  readonly server: Socket;
  readonly session: ReturnType<LiveWorld['naming']['session']>;
  readonly tracker: AnswerTracker;
  readonly queue: Group[];
  /** The server has let the client in. */
  isIn: boolean;
  /** Something was asked that has no whole answer yet. */
  asked: Asked | undefined;
}

interface Asked {
  readonly sql: SqlAsked;
  readonly passage: Passage | undefined;
  readonly answer: Frame[];
  isWhole: boolean;
}

function openDoor(gateway: Shared, name: string): Promise<Server> {
  const door = createServer((client) => {
    const slot = gateway.world.supervisor.slots.get(name);
    if (slot?.instance === undefined) return client.destroy();
    return openLine(gateway, slot, client);
  });
  return new Promise((resolve, reject) => {
    door.once('error', reject);
    door.listen(0, '127.0.0.1', () => resolve(door));
  });
}

function openLine(gateway: Shared, slot: Slot, client: Socket): void {
  const { world, database, lines } = gateway;
  const server = connect(database.address);
  const line: Line = {
    gateway,
    slot,
    incarnation: slot.incarnation,
    client: client.setNoDelay(true),
    server: server.setNoDelay(true),
    session: world.naming.session(),
    tracker: new AnswerTracker(),
    queue: [],
    isIn: false,
    asked: undefined,
  };
  lines.add(line);
  const asking = new GroupReader();
  const answering = new FrameReader();
  client.on('data', (bytes) => {
    line.queue.push(...asking.take(bytes));
    advance(line);
  });
  server.on('data', (bytes) => {
    for (const frame of answering.take(bytes)) hear(line, frame);
  });
  // What was passed on still counts when its process has ended: the server finishes it and tells nobody.
  for (const socket of [client, server]) {
    socket.on('error', () => hangUp(line));
    socket.on('close', () => hangUp(line));
  }
}

function hangUp(line: Line): void {
  line.asked = undefined;
  line.gateway.lines.delete(line);
  line.client.destroy();
  line.server.destroy();
}

function advance(line: Line): void {
  while (line.asked === undefined) {
    const group = line.queue.shift();
    if (group === undefined) return;
    pass(line, group);
  }
}

function pass(line: Line, group: Group): void {
  const { client, server } = line;
  switch (group.kind) {
    case 'encryption':
      client.write('N');
      return;
    case 'terminate':
      server.end(Buffer.from([0x58, 0, 0, 0, 4]));
      return;
    case 'messages':
      if (line.isIn) return ask(line, group.frames);
      server.write(bytesOf(group.frames));
      return;
    default:
      server.write(group.bytes);
  }
}

function ask(line: Line, frames: readonly Frame[]): void {
  const { gateway, slot, tracker, session, server } = line;
  const { strikes } = gateway.world;
  const sql = session.asks(frames, tracker.status !== 'I');
  const { operation, target, cause, isPlace, commits } = sql;
  const counted = commits ? databaseCommits : undefined;
  const passage = isPlace
    ? strikes.passage(slot, { operation, target, cause }, counted)
    : undefined;
  line.asked = { sql, passage, answer: [], isWhole: false };
  note(line, 'arrived');
  if (passage !== undefined && isThere(line) && strikes.strikes(slot, passage, 'before apply')) {
    return hangUp(line);
  }
  tracker.sent(frames);
  server.write(bytesOf(frames));
  if (tracker.complete) void answered(line);
}

function hear(line: Line, frame: Frame): void {
  if (!line.isIn) {
    line.isIn = frame.type === 'Z';
    line.client.write(frame.bytes);
    return;
  }
  line.tracker.received(frame);
  const { asked } = line;
  // A notification, or the server's farewell.
  if (asked === undefined) return void line.client.write(frame.bytes);
  asked.answer.push(frame);
  if (line.tracker.complete) void answered(line);
}

/** The tables are read before the client goes on: a change stands in the history where it was made. */
async function answered(line: Line): Promise<void> {
  const { asked, slot, gateway, tracker } = line;
  if (asked === undefined || asked.isWhole) return;
  asked.isWhole = true;
  const { sql, passage, answer } = asked;
  const error = answer.find(({ type }) => type === 'E');
  note(line, 'applied', error);
  if (sql.answered(tracker.status !== 'I')) await readTables(gateway, line);
  if (line.asked !== asked) return; // its process ended meanwhile
  const { strikes } = gateway.world;
  if (passage !== undefined && isThere(line) && strikes.strikes(slot, passage, 'after apply')) {
    return hangUp(line);
  }
  note(line, 'answered', error);
  line.asked = undefined;
  line.client.write(bytesOf(answer));
  advance(line);
}

/** Its process is still the one that runs in its slot. */
function isThere({ slot, incarnation }: Line): boolean {
  return slot.incarnation === incarnation && slot.instance !== undefined;
}

/** Only what is a place for faults is written down, and what failed. */
function note(line: Line, step: OperationFact['step'], error?: Frame): void {
  const { asked, slot, incarnation, gateway } = line;
  if (asked?.passage === undefined) return;
  const { operation, target, cause, ordinal } = asked.passage.point;
  const point = { operation, target, cause, ordinal };
  const { C: code = '', M: words = '' } = error === undefined ? {} : readFields(error);
  const failed = error !== undefined && { error: `${code} ${words}` };
  const who = { slot: slot.name, incarnation };
  gateway.world.history.add({ kind: 'operation', ...who, ...point, step, ...failed });
}

async function readTables({ world, database }: Shared, by?: Line): Promise<void> {
  const tables = await database.changedTables();
  if (tables === undefined) return;
  const who = by && { slot: by.slot.name, incarnation: by.incarnation };
  world.history.add({ kind: 'table', tables, ...who });
}
