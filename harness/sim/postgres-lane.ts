/**
 * Between the network and a real PostgreSQL: names what crosses, asks the schedule, forwards, and sends answers back.
 * One group of messages at a time per connection, as a server does, and one session moves at a time in all; virtual
 * time stands still while it does. A group that comes to wait for a lock has no answer yet: the world goes on, and
 * sql-waits.ts sees to it that it is let go when its turn comes.
 *
 * Left out: encryption (the honest answer is that there is none), passwords, replication.
 */
import type { Stuck } from '#check';
import { invariant, type Milliseconds } from '#kernel';
import type {
  Answer,
  Frame,
  LentSession,
  Notification,
  PreparedDatabase,
  TableRows,
  WordedCode,
} from '#postgres';
import { mayBeUncontrolled } from '#postgres';
import type { Incarnation } from './incarnation.ts';
import type { Connection, Listener } from './network.ts';
import type { Op } from './passage.ts';
import {
  asFrame,
  finishUncontrolled,
  isServerGone,
  refusesLogin,
  serverGone,
  shortened,
} from './sql-answers.ts';
import { delivered, greetingOf, HashedAnswers, Renames } from './sql-bytes.ts';
import {
  isExpected,
  laterOperation,
  mayChange,
  nextGroup,
  openLine,
  openOperation,
  settle,
  type Arrived,
  type Current,
  type GroupOf,
  type Line,
} from './sql-line.ts';
import { SqlDeadlocks } from './sql-deadlock.ts';
import { OutsideLocks } from './sql-outside.ts';
import { SqlOutage } from './sql-outage.ts';
import { stuckOf } from './sql-stuck.ts';
import { SqlServer, type Go, type Move } from './sql-server.ts';
import { Waits } from './sql-waits.ts';
import type { Asker } from './visits.ts';
import type { World } from './world.ts';

export interface PostgresLane extends Listener {
  /** Before the first event: the rows that are there. */
  begin(): void;
  /** Nothing is under way, and nobody waits. */
  idle(): boolean;
  waitsFor(): string | undefined;
  /** Why nothing more is asked of the database, where that shows. */
  stuck(): Stuck | undefined;
  /** Down for so long; `struck` is not told, for its statement was applied. */
  outage(ms: Milliseconds, struck: Connection | undefined): void;
  /** Somebody outside keeps this table for so long from being written to; `struck` if it was free. */
  lock(table: string, ms: Milliseconds, struck: () => void): void;
  /** The same with the rows that the statement under way there wants, if there are such. */
  lockRows(connection: Connection, ms: Milliseconds, struck: () => void): void;
}

export function createPostgresLane(world: World, database: PreparedDatabase): PostgresLane {
  return new ServerLane(world, database);
}

/** How long somebody may still wait for an answer that was swallowed. */
const patienceMs = 120_000;
/** Process numbers of the world's server, far from those that faults are about. */
const firstPid = 1_000;

class ServerLane implements PostgresLane {
  readonly #world: World;
  readonly #seedRows: TableRows;
  readonly #server: SqlServer;
  readonly #lines = new Map<number, Line>();
  readonly #renames = new Renames();
  /** Also of connections that are gone: their last answers may be under way. */
  readonly #hashed = new Map<number, HashedAnswers>();
  readonly #waits: Waits;
  readonly #deadlocks: SqlDeadlocks;
  readonly #outage: SqlOutage;
  readonly #outside: OutsideLocks;
  #opened = 0;
  #swallowed = 0;

  constructor(world: World, database: PreparedDatabase) {
    this.#world = world;
    this.#seedRows = database.seedRows;
    this.#server = new SqlServer(world, database);
    this.#outage = new SqlOutage(world);
    this.#deadlocks = new SqlDeadlocks(world, this.#server);
    this.#outside = new OutsideLocks(world, this.#server, () => this.#waits.look());
    this.#waits = new Waits(world, this.#server, {
      move: (line, go) => this.#move(line, go),
      cancelled: (line, answer) => this.#answered(line, answer, undefined),
      ended: (line, answer) => this.#reply(line, undefined, answer),
    });
  }

  begin(): void {
    this.#world.recorder.add({ kind: 'table', tables: this.#seedRows });
  }

  refuses(_owner: Incarnation): Error | undefined {
    return this.#outage.refuses();
  }

  wantsStack(bytes: Buffer): boolean {
    return mayBeUncontrolled(bytes.toString('latin1'));
  }

  hashed({ id }: Connection, direction: '>' | '<', bytes: Buffer): Uint8Array {
    return direction === '>' ? bytes : (this.#hashed.get(id)?.of(bytes) ?? bytes);
  }

  opened(connection: Connection): void {
    const pid = firstPid + ++this.#opened;
    const key = Buffer.alloc(4);
    key.writeUInt32BE(this.#world.random(`cancel key ${pid}`).below(2 ** 31));
    this.#lines.set(connection.id, openLine(connection, { pid, key }));
  }

  arrived(connection: Connection, bytes: Buffer): void {
    const line = this.#lines.get(connection.id);
    if (line === undefined) return;
    const { asker } = connection;
    for (const group of line.reader.take(bytes)) line.queue.push({ group, asker });
    this.#advance(line);
  }

  ended(connection: Connection): void {
    const line = this.#lines.get(connection.id);
    if (line === undefined) return;
    line.ending = true;
    this.#workOff(line);
  }

  closed(connection: Connection): void {
    const line = this.#lines.get(connection.id);
    if (line === undefined) return;
    this.#lines.delete(connection.id);
    this.#waits.forget(line);
    if (line.session !== undefined) this.#giveBack(line.session);
  }

  outage(ms: Milliseconds, struck: Connection | undefined): void {
    this.#outside.end();
    this.#outage.begin(ms, [...this.#lines.values()], struck);
  }

  lock(table: string, ms: Milliseconds, struck: () => void): void {
    this.#outside.takeTable(table, ms, struck);
  }

  lockRows({ id }: Connection, ms: Milliseconds, struck: () => void): void {
    const { session, current } = this.#lines.get(id) ?? {};
    if (session === undefined || typeof current !== 'object') return;
    this.#outside.takeRows(session, current.read, ms, struck);
  }

  idle(): boolean {
    if (this.#outage.pending || this.#outside.pending || this.#swallowed > 0) return false;
    if (this.#server.busy || this.#waits.pending()) return false;
    for (const { current, queue } of this.#lines.values()) {
      if (current !== undefined || queue.length > 0) return false;
    }
    return true;
  }

  waitsFor(): string | undefined {
    for (const line of this.#lines.values()) {
      const { current, connection } = line;
      if (current === undefined) continue;
      const { slot } = connection.owner;
      if (current === 'starts') return `${slot} waits for its database session`;
      return this.#waits.reason(line, current) ?? `${slot} waits for an answer of the database`;
    }
    return undefined;
  }

  stuck = (): Stuck | undefined => stuckOf(this.#world, this.#lines.values());
  #giveBack(session: LentSession): void {
    this.#server.giveBack(session, () => this.#waits.look());
  }

  #advance(line: Line): void {
    while (line.current === undefined && line.queue.length > 0 && line.connection.open) {
      this.#begin(line, line.queue.shift() as Arrived);
    }
  }

  /** Nobody hears the answers any more, but what was written before the end still counts. */
  #workOff(line: Line): void {
    while (line.ending && line.connection.open) {
      const { current } = line;
      if (current === 'starts' || current?.answered === false) return;
      line.current = undefined;
      if (line.queue.length === 0) return this.#world.network.drop(line.connection);
      this.#begin(line, line.queue.shift() as Arrived);
    }
  }

  #begin(line: Line, { group, asker }: Arrived): void {
    switch (group.kind) {
      case 'encryption':
        return this.#world.network.answer(line.connection, Buffer.from('N'), () => undefined);
      case 'cancel':
        return this.#cancel(line, group);
      case 'start':
        return this.#start(line, group);
      case 'messages':
        return this.#ask(line, group, asker);
      case 'terminate':
      case 'unreadable':
        return this.#world.network.close(line.connection);
    }
  }

  #cancel(line: Line, { pid, key }: GroupOf<'cancel'>): void {
    const session = this.#server.lineToCancel(pid, key)?.session;
    this.#world.network.close(line.connection);
    if (session !== undefined) this.#waits.cancel(session, 'user request');
  }

  #start(line: Line, { parameters }: GroupOf<'start'>): void {
    const { user = '', database = user } = parameters;
    if (refusesLogin(this.#world, line, user, database)) return;
    line.current = 'starts';
    const { slot, incarnation } = line.connection.owner;
    const stream = `${slot}#${incarnation}/${line.process.pid}`;
    this.#server.lend(line, { role: user, parameters, stream }, (session) =>
      this.#started(line, session),
    );
  }

  #started(line: Line, session: LentSession): void {
    line.current = undefined;
    line.session = session;
    const [sentence] = session.uncontrolled;
    if (sentence !== undefined) finishUncontrolled(this.#world, line, 'connects so that', sentence);
    // It left while the session was being made.
    if (!line.connection.open) return this.#giveBack(session);
    const bytes = greetingOf(session.greeting, line.process);
    this.#hashed.set(line.connection.id, new HashedAnswers(this.#renames));
    this.#world.network.answer(line.connection, bytes, () => undefined);
    this.#advance(line);
    this.#workOff(line);
  }

  #ask(line: Line, { frames }: GroupOf<'messages'>, asker: Asker | undefined): void {
    const { session } = line;
    if (session === undefined) return this.#world.network.close(line.connection);
    const read = session.read(frames);
    const current = nextGroup(this.#world, line, read, asker);
    const [sentence] = read.uncontrolled;
    if (sentence !== undefined) {
      const [text = ''] = read.operations.map((operation) => operation.text);
      finishUncontrolled(this.#world, line, `runs “${shortened(text)}”:`, sentence);
    }
    this.#waits.awake(line);
    line.current = current;
    if (mayChange(current)) return this.#cross(line, current);
    if (current.named.nature !== 'lock' || !isExpected(this.#world, line, current)) {
      return this.#apply(line, current);
    }
    // Whether it is a place shows in what it finds, and the schedule wants something before that.
    this.#outside.finds(session, read, (found) =>
      found ? this.#cross(line, current) : this.#apply(line, current),
    );
  }

  #cross(line: Line, current: Current): void {
    const op = openOperation(this.#world, line, current);
    current.op = op;
    this.#world.passages.cross(op, 'before apply', {
      pass: () => this.#apply(line, current),
      answer: (code) => this.#refuse(line, current, op, code as WordedCode),
      close: () => this.#world.network.close(line.connection),
      silence: () => this.#swallow(line),
      gone: () => this.#world.network.drop(line.connection),
    });
  }

  #apply(line: Line, { read }: Current): void {
    if (!line.connection.open) return;
    this.#move(line, (session, atMs) => session.forward(read, atMs));
  }

  /** Fails the group instead: its transaction fails as it would. */
  #refuse(line: Line, current: Current, op: Op, code: WordedCode): void {
    const { session, connection } = line;
    if (session === undefined || !connection.open) return;
    this.#world.passages.refused(op, code);
    this.#server.work(async () => {
      const answer = await session.fail(current.read, code, this.#server.atMs());
      return () => {
        this.#settle(line, current, answer, op);
        this.#reply(line, op, answer);
        this.#waits.look();
      };
    });
  }

  #move(line: Line, go: Go): void {
    this.#server.move(line, go, (move) => this.#moved(line, move));
  }

  #moved(line: Line, { outcome, tables, told }: Move): void {
    this.#deadlocks.look(outcome);
    for (const { session, answer } of outcome.ended) {
      const other = this.#server.lineOf(session);
      if (other !== undefined) this.#answered(other, answer, undefined);
    }
    const { current } = line;
    if (outcome.answer !== undefined) this.#answered(line, outcome.answer, tables);
    else if (outcome.waiting !== undefined && current !== undefined && current !== 'starts') {
      current.op ??= laterOperation(this.#world, line, current, undefined);
      this.#waits.begins(line, current, outcome.waiting);
    }
    for (const { session, notifications } of told) this.#notify(session, notifications);
    this.#waits.look();
  }

  #answered(line: Line, answer: Answer, tables: TableRows | undefined): void {
    const { current, connection } = line;
    if (current === undefined || current === 'starts') return;
    if (isServerGone(answer)) return this.#world.abort(serverGone());
    // As it was when this arrived: what it has locked now counts for what comes next.
    const op = current.op ?? laterOperation(this.#world, line, current, answer);
    this.#settle(line, current, answer, op);
    const error = answer.error && `${answer.error['C']} ${answer.error['M']}`;
    if (op !== undefined) this.#world.passages.applied(op, error);
    if (tables !== undefined) {
      const { slot, incarnation } = connection.owner;
      this.#world.recorder.add({ kind: 'table', tables, slot, incarnation }, op?.line);
    }
    if (!connection.open) return;
    if (op === undefined || op.silent) return this.#reply(line, op, answer);
    this.#world.passages.cross(op, 'after apply', {
      pass: () => this.#reply(line, op, answer),
      answer: () => invariant(false, 'a statement that was applied is not answered an error'),
      close: () => this.#world.network.close(connection),
      silence: () => this.#swallow(line),
      gone: () => this.#workOff(line),
    });
  }

  #settle(line: Line, current: Current, answer: Answer, op: Op | undefined): void {
    this.#waits.stopTimers(current);
    settle(line, current, answer, op);
  }

  #reply(line: Line, op: Op | undefined, answer: Answer): void {
    const { connection } = line;
    line.current = undefined;
    const bytes = this.#delivered([...answer.frames, ...answer.notifications.map(asFrame)]);
    if (bytes.length > 0) {
      this.#world.network.answer(connection, bytes, () => {
        if (op !== undefined) this.#world.passages.delivered(op);
      });
    }
    if (answer.closed) return this.#world.network.close(connection);
    this.#waits.idles(line, answer.status);
    this.#goOn(line);
  }

  #notify(session: LentSession, notifications: readonly Notification[]): void {
    const line = this.#server.lineOf(session);
    if (line === undefined) return;
    const bytes = this.#delivered(notifications.map(asFrame));
    this.#world.network.answer(line.connection, bytes, () => undefined);
  }

  #delivered(frames: readonly Frame[]): Buffer {
    return delivered(frames, this.#renames, (backend) => this.#server.pidOf(backend));
  }

  /** One group or answer vanishes; what is behind it on the connection goes on. */
  #swallow(line: Line): void {
    line.current = undefined;
    this.#swallowed++;
    this.#world.later(patienceMs, () => this.#swallowed--);
    this.#goOn(line);
  }

  #goOn(line: Line): void {
    this.#advance(line);
    this.#workOff(line);
  }
}
