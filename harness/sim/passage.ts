/**
 * Operations on their way: each is named once, crosses "before apply" and "after apply", and is delivered, refused or
 * lost. Here the schedule's wishes become what happens: the faults strike, the holds hold.
 */
import { printHold, type FaultPoint, type Hold, type Phase } from '#schedule';
import { firstLearnerLine } from './lines.ts';
import type { OperationFact, SourceLine } from '#check';
import type { Entry } from './agenda.ts';
import { strike } from './faults.ts';
import type { Incarnation } from './incarnation.ts';
import type { Connection, Fate } from './network.ts';
import type { Message } from './asked.ts';
import type { Asker, Call } from './visits.ts';
import type { World } from './world.ts';

/** A statement as it crossed, as its client sent it. */
export interface Statement {
  readonly text: string;
  /** Bound to it; where nothing was, what is written into it. */
  readonly values: readonly (string | null)[];
  readonly isBound: boolean;
}

export interface Op {
  readonly owner: Incarnation;
  readonly connection: Connection | undefined;
  readonly kind: 'kafka' | 'port' | 'sql';
  readonly point: FaultPoint;
  readonly topics: readonly string[];
  readonly line: SourceLine | undefined;
  /** Of an SQL operation: what runs, in order. */
  readonly statements: readonly Statement[];
  /** Recorded for its error only; no fault can be put there. */
  readonly silent: boolean;
  /** Errors that may be answered instead of applying a statement: what is healthy there. */
  readonly mayFailWith: readonly string[];
  /** The table of a statement that would wait if somebody had that. */
  readonly lockable: string | undefined;
  /** A statement that would wait, or pass by, if somebody had the rows that it wants. */
  readonly wantsRows: boolean;
  /** False where the caller expects none (acks 0): nothing can be answered to it. */
  readonly answered: boolean;
  /** The broker's own doing: it goes on when the process that led to it has died. */
  readonly outlives: boolean;
  /** The learner's calls that it belongs to; none unless they are marked. */
  readonly calls: readonly Call[];
  applied: boolean;
  error: string | undefined;
  /** Of those who wait for each other the schedule wants this one to be undone; told when it is. */
  victim: (() => void) | undefined;
  /** Index of its first crossing, once a fault can strike there. */
  crossing: number | undefined;
}

export interface NewOp {
  readonly owner: Incarnation;
  readonly connection: Connection | undefined;
  readonly kind: 'kafka' | 'port' | 'sql';
  readonly operation: string;
  readonly target: string;
  readonly topics: readonly string[];
  readonly cause: readonly string[];
  readonly statements?: readonly Statement[];
  /** Stack of the client call that caused it (replay only). */
  readonly stack: string | undefined;
  /** Who asked for it (runs with marked calls only). */
  readonly asker: Asker | undefined;
  readonly mayFailWith?: readonly string[];
  readonly lockable?: string | undefined;
  readonly wantsRows?: boolean;
  readonly silent?: boolean;
  readonly answered?: boolean;
  readonly outlives?: boolean;
}

/** What can become of an operation at a crossing. A process that died there hears of none of them. */
export interface Ways {
  pass(): void;
  /** Answer with this error instead (before apply), or although it was applied (after). */
  answer(error: string): void;
  /** The connection closes: request or answer is lost. */
  close(): void;
  /** Nothing comes back, the connection stays. */
  silence(): void;
  /** Its caller is no longer there. */
  gone(): void;
}

export interface Passages {
  open(op: NewOp): Op;
  cross(op: Op, phase: 'before apply' | 'after apply', ways: Ways): void;
  /** It had crossed "before apply" before it was known to be a place; nothing was wanted there. */
  crossed(op: Op): void;
  applied(op: Op, error: string | undefined, told?: string): void;
  refused(op: Op, error: string): void;
  /** It came to wait for a lock that somebody else has. */
  blocked(op: Op): void;
  /** It waits in a deadlock that another one closed. */
  deadlocked(op: Op): void;
  delivered(op: Op): void;
  /** Operations that the schedule, or a delay, keeps from going on. */
  waiting(): number;
  /** A process died: nothing waits for its answers, nor for requests that are lost. */
  abandon(owner: Incarnation, inFlight: Fate): void;
  /**
   * The last operation of each slot has nothing after it: the places "after answer", where there is
   * an answer.
   */
  closeBooks(): void;
}

interface Held {
  readonly op: Op;
  readonly go: () => void;
  readonly limit: Entry;
}

/** A hold whose end is never crossed lets go after this long: the schedule asked for what cannot be. */
const holdLimitMs = 120_000;

export function createPassages(world: World): Passages {
  return new SimPassages(world);
}

class SimPassages implements Passages {
  readonly #world: World;
  readonly #held = new Map<number, Held>();
  readonly #lastLine = new Map<string, SourceLine>();
  readonly #lastOp = new Map<string, Op>();
  #waiting = 0;

  constructor(world: World) {
    this.#world = world;
  }

  open(fresh: NewOp): Op {
    const { owner, operation, target, cause } = fresh;
    const point = this.#world.gate.name({ slot: owner.slot, operation, target, cause });
    const calls = this.#callsOf(fresh);
    const line = this.#lineOf(fresh, calls) ?? this.#lastLine.get(owner.slot);
    if (operation === 'JoinGroup' && line !== undefined) this.#lastLine.set(owner.slot, line);
    const op: Op = {
      owner,
      connection: fresh.connection,
      kind: fresh.kind,
      point,
      topics: fresh.topics,
      line,
      statements: fresh.statements ?? [],
      silent: fresh.silent === true,
      mayFailWith: fresh.mayFailWith ?? [],
      lockable: fresh.lockable,
      wantsRows: fresh.wantsRows === true,
      answered: fresh.answered !== false,
      outlives: fresh.outlives === true,
      calls,
      applied: false,
      error: undefined,
      victim: undefined,
      crossing: undefined,
    };
    this.#lastOp.set(owner.slot, op);
    return op;
  }

  cross(op: Op, phase: 'before apply' | 'after apply', ways: Ways): void {
    if (phase === 'before apply') this.#fact(op, 'arrived');
    this.#note(op, phase);
    this.#release(op, phase);
    // Closing commands come after the last fault: what has not struck by now never did.
    if (this.#world.closing) return ways.pass();
    for (const command of this.#world.gate.commandsAt(op.point, phase))
      this.#world.workload.sendNow(command);
    const hold = this.#world.gate.holdAt(op.point, phase);
    if (hold === undefined) return this.#through(op, phase, ways);
    // A fault at the place of a hold strikes when the operation comes, not when it is let go.
    this.#through(op, phase, { ...ways, pass: () => this.#hold(op, hold, () => ways.pass()) });
  }

  crossed(op: Op): void {
    this.#fact(op, 'arrived');
    this.#note(op, 'before apply');
  }

  #hold(op: Op, hold: number, go: () => void): void {
    const text = printHold(this.#world.schedule.holds[hold] as Hold);
    const index = this.#world.schedule.faults.length + hold;
    this.#world.recorder.add({ kind: 'fault', index, fault: text }, op.line);
    const limit = this.#later(holdLimitMs, () => {
      this.#held.delete(hold);
      go();
    });
    this.#held.set(hold, { op, go, limit });
  }

  applied(op: Op, error: string | undefined, told?: string): void {
    op.applied = true;
    op.error = error;
    this.#fact(op, 'applied', error, told);
  }

  refused(op: Op, error: string): void {
    op.error = error;
  }

  blocked(op: Op): void {
    const { slot, operation, target } = op.point;
    this.#world.recorder.step(`${slot}|${operation}|${target}|waits`);
    this.#fact(op, 'waits');
  }

  deadlocked({ crossing: index = -1 }: Op): void {
    const { crossings } = this.#world.gate;
    const crossing = crossings[index];
    if (crossing !== undefined) crossings[index] = { ...crossing, mayBeVictim: true };
  }

  delivered(op: Op): void {
    this.#fact(op, 'answered', op.error);
    if (this.#world.closing) return;
    for (const planned of this.#world.gate.faultsAt(op.point, 'after answer')) {
      this.#world.after(() => void strike(this.#world, planned, op, 'after answer'));
    }
  }

  abandon(owner: Incarnation, inFlight: Fate): void {
    for (const [index, { op, limit }] of this.#held) {
      if (op.owner !== owner || op.outlives || (inFlight === 'arrives' && !op.applied)) continue;
      this.#held.delete(index);
      this.#world.agenda.cancel(limit);
      this.#waiting--;
    }
  }

  waiting(): number {
    return this.#waiting;
  }

  closeBooks(): void {
    if (this.#world.closing) return;
    for (const op of this.#lastOp.values()) {
      if (!op.silent && op.answered) this.#note(op, 'after answer');
    }
  }

  /** A statement may be written long after it was asked for: a pool queues. Else the stack knows. */
  #lineOf({ kind, stack }: NewOp, [call]: readonly Call[]): SourceLine | undefined {
    const asked = call && this.#world.loader.lineOfSite(call.site);
    const written = firstLearnerLine(this.#world, stack);
    return kind === 'sql' ? (asked ?? written) : (written ?? asked);
  }

  #callsOf(fresh: NewOp): readonly Call[] {
    const { owner, asker, operation, topics, cause, statements } = fresh;
    const { visits, records } = this.#world;
    if (visits === undefined) return [];
    const carries = (topic: string, message: Message): boolean =>
      cause.includes(records.commandOf(topic, message) ?? '');
    const isSend = operation === 'Produce' && cause.length > 0;
    const [statement] = statements ?? [];
    return visits.of(owner, asker, {
      topics,
      ...(isSend && { carries }),
      ...(statement && {
        statement: statement.text,
        parameters: statement.isBound ? statement.values : [],
      }),
    });
  }

  #fact(op: Op, step: OperationFact['step'], error?: string, told?: string): void {
    const { slot, operation, target, cause, ordinal } = op.point;
    this.#world.recorder.add(
      {
        kind: 'operation',
        slot,
        incarnation: op.owner.incarnation,
        operation,
        target,
        cause,
        ordinal,
        step,
        ...(error !== undefined && { error }),
        ...(told !== undefined && { told }),
      },
      op.line,
    );
  }

  #note(op: Op, phase: Phase): void {
    const { slot, operation, target } = op.point;
    this.#world.recorder.step(`${slot}|${operation}|${target}|${phase}`);
    if (this.#world.closing || op.silent) return;
    const sessionTimeoutMs = this.#world.kafka.sessionTimeoutOf(slot);
    this.#world.visits?.crossed(op.owner, op.calls, this.#world.gate.crossings.length);
    op.crossing ??= this.#world.gate.crossings.length;
    const transactionTimeoutMs = this.#world.kafka.transactionTimeoutOf(slot);
    this.#world.gate.crossings.push({
      point: op.point,
      phase,
      target: op.kind,
      topics: op.topics,
      atMs: this.#world.now(),
      index: this.#world.gate.crossings.length,
      incarnation: op.owner.incarnation,
      inFlight: this.#world.network.hasInFlight(op.owner, op.connection),
      ...(sessionTimeoutMs !== undefined && { sessionTimeoutMs }),
      ...(transactionTimeoutMs !== undefined && { transactionTimeoutMs }),
      ...(!op.answered && { answered: false }),
      ...(phase === 'before apply' && op.mayFailWith.length > 0 && { mayFailWith: op.mayFailWith }),
      ...(phase === 'before apply' && op.lockable !== undefined && { lockable: true }),
      ...(phase === 'before apply' && op.wantsRows && { wantsRows: true }),
    });
  }

  #later(ms: number, go: () => void): Entry {
    this.#waiting++;
    return this.#world.agenda.add(
      this.#world.now() + ms,
      () => {
        this.#waiting--;
        go();
      },
      false,
    );
  }

  #release(op: Op, phase: Phase): void {
    for (const index of this.#world.gate.released(op.point, phase)) {
      const entry = this.#held.get(index);
      if (entry === undefined) continue;
      this.#held.delete(index);
      this.#world.held.add(index);
      this.#world.agenda.cancel(entry.limit);
      this.#waiting--;
      this.#later(0, entry.go);
    }
  }

  #through(op: Op, phase: Phase, ways: Ways): void {
    let way: (() => void) | undefined;
    let delayMs = 0;
    for (const planned of this.#world.gate.faultsAt(op.point, phase)) {
      const outcome = strike(this.#world, planned, op, phase);
      if (outcome === undefined) continue;
      if (typeof outcome === 'number') delayMs += outcome;
      else if (outcome === 'close') way = () => ways.close();
      else if (outcome === 'silence') way = () => ways.silence();
      else if (outcome === 'gone') way = () => ways.gone();
      else way = () => ways.answer(outcome.error);
    }
    if (way !== undefined) {
      if (phase === 'before apply') this.#fact(op, 'lost');
      return void (delayMs === 0 ? way() : this.#later(delayMs, way));
    }
    if (delayMs === 0) ways.pass();
    else this.#later(delayMs, () => ways.pass());
  }
}
