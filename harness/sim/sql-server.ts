/**
 * The server behind the database lane: one piece of work at a time, while virtual time stands still; what comes of it
 * goes on as an event. Knows which session belongs to which connection.
 */
import { Failure, type Milliseconds } from '#kernel';
import type {
  LentSession,
  Notification,
  Outcome,
  PreparedDatabase,
  Sessions,
  StartOptions,
  TableRows,
} from '#postgres';
import type { Line } from './sql-line.ts';
import { mayHaveCommitted } from './sql-operations.ts';
import type { World } from './world.ts';

/** What a move of one session brought. */
export interface Move {
  readonly outcome: Outcome;
  /** What others see differently now. */
  readonly tables: TableRows | undefined;
  readonly told: readonly { session: LentSession; notifications: Notification[] }[];
}

export type Go = (session: LentSession, atMs: Milliseconds) => Promise<Outcome | undefined>;

export class SqlServer {
  readonly #world: World;
  readonly #database: PreparedDatabase;
  readonly #lines = new Map<LentSession, Line>();
  #last: Promise<unknown> = Promise.resolve();
  #working = 0;

  constructor(world: World, database: PreparedDatabase) {
    this.#world = world;
    this.#database = database;
  }

  get sessions(): Sessions {
    return this.#database.sessions;
  }

  get busy(): boolean {
    return this.#working > 0;
  }

  lineOf(session: LentSession): Line | undefined {
    return this.#lines.get(session);
  }

  /** The line whose session may be cancelled with this number and secret. */
  lineToCancel(pid: number, key: Buffer): Line | undefined {
    return this.#find(({ process }) => process.pid === pid && process.key.equals(key));
  }

  /** The number by which the world knows a process of the server. */
  pidOf(backend: number): number | undefined {
    return this.#find(({ session }) => session?.backendPid === backend)?.process.pid;
  }

  work(work: () => Promise<() => void>): void {
    this.#working++;
    const done = this.#last.then(work).catch((error: unknown) => () => this.#failed(error));
    this.#last = done;
    this.#world.suspend(
      done.then((go) => () => {
        this.#working--;
        go();
      }),
    );
  }

  lend(line: Line, options: StartOptions, then: (session: LentSession) => void): void {
    this.work(async () => {
      const session = await this.sessions.lend(options);
      this.#lines.set(session, line);
      return () => then(session);
    });
  }

  giveBack(session: LentSession, then: () => void): void {
    this.work(async () => {
      await session.giveBack('lost');
      this.#lines.delete(session);
      return then;
    });
  }

  /** One session moves; the tables are read before anybody else does. */
  move(line: Line, go: Go, then: (move: Move) => void): void {
    this.work(async () => {
      const { session, current } = line;
      if (session === undefined || current === undefined || current === 'starts') return nothing;
      this.#database.saw(current.named.verbs);
      const outcome = await go(session, this.atMs());
      if (outcome === undefined) return nothing;
      const { answer } = outcome;
      const isOpen = answer?.status !== 'I';
      const committed =
        answer !== undefined && mayHaveCommitted(line.transaction, current.named, isOpen);
      const tables = committed ? await this.#database.changedTables() : undefined;
      const isHeard = committed && [...this.#lines.keys()].some(({ listening }) => listening);
      const told = isHeard ? await this.sessions.nudge() : [];
      return () => then({ outcome, tables, told });
    });
  }

  atMs(): Milliseconds {
    return this.#world.epochMs + this.#world.now();
  }

  #find(is: (line: Line) => boolean): Line | undefined {
    return [...this.#lines.values()].find(is);
  }

  #failed(error: unknown): void {
    if (error instanceof Failure && error.code === 'UNCONTROLLED') {
      const advice = 'Nothing can be said about this run.';
      return this.#world.finish({ kind: 'uncontrolled', sentence: error.message, advice });
    }
    this.#world.abort(error);
  }
}

const nothing = (): void => undefined;
