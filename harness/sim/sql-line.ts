/** One connection to the database, as the lane sees it: its session, what is under way, what its transaction did. */
import {
  GroupReader,
  type Answer,
  type Group,
  type LentSession,
  type ReadGroup,
  type SqlOperation,
  type Waiting,
} from '#postgres';
import type { SourceLine } from '#check';
import type { Entry } from './agenda.ts';
import type { Connection } from './network.ts';
import type { Op } from './passage.ts';
import { hadEffect, Polls } from './sql-polls.ts';
import { failedAfter, type FailedTransaction } from './sql-stuck.ts';
import type { Asker } from './visits.ts';
import type { VirtualProcess } from './sql-bytes.ts';
import {
  continued,
  lockableTable,
  mayFailWith,
  nameGroup,
  noTransaction,
  opensCopy,
  operationsOf,
  wantsRows,
  type NamedGroup,
  type Nature,
  type Transaction,
} from './sql-operations.ts';
import type { World } from './world.ts';

/** A group between its arrival and its answer. */
export interface Current {
  readonly read: ReadGroup;
  readonly named: NamedGroup;
  readonly asker: Asker | undefined;
  /** It found nothing the last times, and nothing has changed since. */
  readonly isPoll: boolean;
  /** Nothing where no fault can be put, until there is something to tell. */
  op: Op | undefined;
  /** The server has answered. */
  answered: boolean;
  /** It waits for a lock, or sleeps. */
  waiting: Waiting | undefined;
  /** What may end while it waits: its sleep, and time-outs of the server by name. */
  readonly timers: Map<string, Entry>;
}

export type GroupOf<Kind extends Group['kind']> = Extract<Group, { kind: Kind }>;

export interface Arrived {
  readonly group: Group;
  /** Who caused it (runs with marked calls only). */
  readonly asker: Asker | undefined;
}

export interface Line {
  readonly connection: Connection;
  readonly reader: GroupReader;
  readonly process: VirtualProcess;
  readonly queue: Arrived[];
  session: LentSession | undefined;
  /** What is under way: a group, or the start of the session. */
  current: Current | 'starts' | undefined;
  transaction: Transaction;
  readonly polls: Polls;
  /** What its open transaction failed of. */
  failure: FailedTransaction | undefined;
  /** Where the learner's code last asked something of it, as far as it is known. */
  lastLine: SourceLine | undefined;
  /** The statement that opened a COPY whose data are awaited. */
  copy: SqlOperation | undefined;
  /** Ends a transaction that idles for too long. */
  idleTimer: Entry | undefined;
  /** Its client is gone; what it wrote is still worked off. */
  ending: boolean;
}

export function openLine(connection: Connection, process: VirtualProcess): Line {
  return {
    connection,
    reader: new GroupReader(),
    process,
    queue: [],
    session: undefined,
    current: undefined,
    transaction: noTransaction,
    polls: new Polls(),
    failure: undefined,
    lastLine: undefined,
    copy: undefined,
    idleTimer: undefined,
    ending: false,
  };
}

/** The group that is next under way. */
export function nextGroup(
  world: World,
  line: Line,
  read: ReadGroup,
  asker: Asker | undefined,
): Current {
  const named = nameGroup(operationsOf(read, line.copy), line.transaction, (statement) =>
    world.records.causeOfStatement(statement.values),
  );
  const isPoll = line.polls.isPoll(named, world.recorder.lastChange());
  const rest = { answered: false, waiting: undefined, timers: new Map<string, Entry>() };
  return { read, named, asker, isPoll, op: undefined, ...rest };
}

/** A group becomes an operation of the world, and a place for faults unless it is silent. */
export function openOperation(
  world: World,
  { connection, session, transaction }: Line,
  { named, asker }: Pick<Current, 'named' | 'asker'>,
  silent = false,
): Op {
  return world.passages.open({
    owner: connection.owner,
    connection,
    kind: 'sql',
    operation: named.operation,
    target: named.target,
    topics: [],
    cause: named.cause,
    statements: named.statements,
    mayFailWith: session === undefined ? [] : mayFailWith(named, transaction, session),
    lockable: session && lockableTable(named, transaction, session),
    wantsRows: session !== undefined && wantsRows(named, transaction, session),
    stack: world.traced ? connection.stack : undefined,
    asker,
    silent,
  });
}

/** A place for faults from its beginning, whatever it finds. */
export function mayChange({ named: { nature }, isPoll }: Current): boolean {
  return (nature === 'change' && !isPoll) || nature === 'commit';
}

/** The schedule wants something before it is applied, if it should turn out to be a place. */
export function isExpected(world: World, { connection }: Line, { named }: Current): boolean {
  if (world.closing) return false;
  const { operation, target, cause } = named;
  const { slot } = connection.owner;
  return world.gate.expects({ slot, operation, target, cause }, 'before apply');
}

/** What no fault could be put at before: it waits, brought rows, or an error, which is told of. */
export function laterOperation(
  world: World,
  line: Line,
  current: Current,
  answer: Answer | undefined,
): Op | undefined {
  const { isPoll, named } = current;
  const { nature } = named;
  if (answer?.error !== undefined) return openOperation(world, line, current, true);
  const tells = answer && (isPoll ? hadEffect(answer) : bringsRows(answer, nature));
  if (tells === false) return undefined;
  const op = openOperation(world, line, current);
  if (nature === 'lock') world.passages.crossed(op);
  return op;
}

function bringsRows({ frames, copying }: Answer, nature: Nature): boolean {
  const looks = nature === 'query' || nature === 'lock';
  return looks && !copying && frames.some(({ type }) => type === 'D');
}

/** The server has answered: what that says about the session. */
export function settle(line: Line, current: Current, answer: Answer, op: Op | undefined): void {
  const { status, error } = answer;
  const { named, isPoll } = current;
  current.answered = true;
  current.waiting = undefined;
  line.polls.answered(named, answer);
  const came = isPoll && !hadEffect(answer) ? { ...named, nature: 'nothing' as const } : named;
  line.transaction = continued(line.transaction, came, status !== 'I');
  const { operation, target } = named;
  const asked = { what: `${operation} ${target}`.trim(), line: op?.line };
  line.failure = failedAfter(line.failure, { status, code: error?.['C'] }, asked);
  line.lastLine = op?.line ?? line.lastLine;
  const opened = current.read.operations.find(({ text }) => opensCopy(text));
  const isCopying = line.session?.warm.connection.tracker.copying === true;
  line.copy = isCopying ? (opened ?? line.copy) : undefined;
}
