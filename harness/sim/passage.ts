/**
 * Operations on their way: each is named once, crosses "before apply" and "after apply", and is delivered, refused or
 * lost. Here the schedule's wishes become what happens: the faults strike, the holds hold.
 */
import { printHold, type FaultPoint, type Hold, type Phase } from '#schedule';
import { firstLearnerLine } from './lines.ts';
import type { SourceLine } from '#check';
import type { Entry } from './agenda.ts';
import { strike } from './faults.ts';
import type { Incarnation } from './incarnation.ts';
import type { Connection, Fate } from './network.ts';
import type { World } from './world.ts';

export interface Op {
  readonly owner: Incarnation;
  readonly connection: Connection | undefined;
  readonly kind: 'kafka' | 'port';
  readonly point: FaultPoint;
  readonly topics: readonly string[];
  readonly line: SourceLine | undefined;
  /** Recorded for its error only; no fault can be put there. */
  readonly silent: boolean;
  /** False where the caller expects none (acks 0): nothing can be answered to it. */
  readonly answered: boolean;
  applied: boolean;
  error: string | undefined;
}

export interface NewOp {
  readonly owner: Incarnation;
  readonly connection: Connection | undefined;
  readonly kind: 'kafka' | 'port';
  readonly operation: string;
  readonly target: string;
  readonly topics: readonly string[];
  readonly cause: readonly string[];
  /** Stack of the client call that caused it (replay only). */
  readonly stack: string | undefined;
  readonly silent?: boolean;
  readonly answered?: boolean;
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
  applied(op: Op, error: string | undefined): void;
  refused(op: Op, error: string): void;
  delivered(op: Op): void;
  /** Operations that the schedule, or a delay, keeps from going on. */
  waiting(): number;
  /** A process died: nothing waits for its answers, nor for requests that are lost. */
  abandon(owner: Incarnation, inFlight: Fate): void;
  /** The last operation of each slot has nothing after it: the places "after answer". */
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
  const held = new Map<number, Held>();
  const lastLine = new Map<string, SourceLine>();
  const lastOp = new Map<string, Op>();
  let waiting = 0;

  const fact = (
    op: Op,
    step: 'arrived' | 'applied' | 'answered' | 'lost',
    error?: string,
  ): void => {
    const { slot, operation, target, cause, ordinal } = op.point;
    world.recorder.add(
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
      },
      op.line,
    );
  };

  const note = (op: Op, phase: Phase): void => {
    const { slot, operation, target } = op.point;
    world.recorder.step(`${slot}|${operation}|${target}|${phase}`);
    if (world.closing || op.silent) return;
    const sessionTimeoutMs = world.kafka.sessionTimeoutOf(slot);
    world.gate.crossings.push({
      point: op.point,
      phase,
      target: op.kind,
      topics: op.topics,
      atMs: world.now(),
      index: world.gate.crossings.length,
      inFlight: world.network.hasInFlight(op.owner, op.connection),
      ...(sessionTimeoutMs !== undefined && { sessionTimeoutMs }),
      ...(!op.answered && { answered: false }),
    });
  };

  const later = (ms: number, go: () => void): Entry => {
    waiting++;
    return world.agenda.add(
      world.now() + ms,
      () => {
        waiting--;
        go();
      },
      false,
    );
  };

  const release = (op: Op, phase: Phase): void => {
    for (const index of world.gate.released(op.point, phase)) {
      const entry = held.get(index);
      if (entry === undefined) continue;
      held.delete(index);
      world.held.add(index);
      world.agenda.cancel(entry.limit);
      waiting--;
      later(0, entry.go);
    }
  };

  const through = (op: Op, phase: Phase, ways: Ways): void => {
    let way: (() => void) | undefined;
    let delayMs = 0;
    for (const planned of world.gate.faultsAt(op.point, phase)) {
      const outcome = strike(world, planned, op, phase);
      if (outcome === undefined) continue;
      if (typeof outcome === 'number') delayMs += outcome;
      else if (outcome === 'close') way = () => ways.close();
      else if (outcome === 'silence') way = () => ways.silence();
      else if (outcome === 'gone') way = () => ways.gone();
      else way = () => ways.answer(outcome.error);
    }
    if (way !== undefined) {
      if (phase === 'before apply') fact(op, 'lost');
      return void (delayMs === 0 ? way() : later(delayMs, way));
    }
    if (delayMs === 0) ways.pass();
    else later(delayMs, () => ways.pass());
  };

  return {
    open(fresh) {
      const { owner, operation, target, cause } = fresh;
      const point = world.gate.name({ slot: owner.slot, operation, target, cause });
      const line = firstLearnerLine(world, fresh.stack) ?? lastLine.get(owner.slot);
      if (operation === 'JoinGroup' && line !== undefined) lastLine.set(owner.slot, line);
      const op: Op = {
        owner,
        connection: fresh.connection,
        kind: fresh.kind,
        point,
        topics: fresh.topics,
        line,
        silent: fresh.silent === true,
        answered: fresh.answered !== false,
        applied: false,
        error: undefined,
      };
      lastOp.set(owner.slot, op);
      return op;
    },
    cross(op, phase, ways) {
      if (phase === 'before apply') fact(op, 'arrived');
      note(op, phase);
      release(op, phase);
      // Closing commands come after the last fault: what has not struck by now never did.
      if (world.closing) return ways.pass();
      for (const command of world.gate.commandsAt(op.point, phase)) world.workload.sendNow(command);
      const hold = world.gate.holdAt(op.point, phase);
      if (hold === undefined) return through(op, phase, ways);
      const go = (): void => through(op, phase, ways);
      const text = printHold(world.schedule.holds[hold] as Hold);
      const index = world.schedule.faults.length + hold;
      world.recorder.add({ kind: 'fault', index, fault: text }, op.line);
      const limit = later(holdLimitMs, () => {
        held.delete(hold);
        go();
      });
      held.set(hold, { op, go, limit });
    },
    applied(op, error) {
      op.applied = true;
      op.error = error;
      fact(op, 'applied', error);
    },
    refused(op, error) {
      op.error = error;
    },
    delivered(op) {
      fact(op, 'answered', op.error);
      if (world.closing) return;
      for (const planned of world.gate.faultsAt(op.point, 'after answer')) {
        world.after(() => void strike(world, planned, op, 'after answer'));
      }
    },
    abandon(owner, inFlight) {
      for (const [index, { op, limit }] of held) {
        if (op.owner !== owner || (inFlight === 'arrives' && !op.applied)) continue;
        held.delete(index);
        world.agenda.cancel(limit);
        waiting--;
      }
    },
    waiting: () => waiting,
    closeBooks() {
      if (world.closing) return;
      for (const op of lastOp.values()) if (!op.silent) note(op, 'after answer');
    },
  };
}
