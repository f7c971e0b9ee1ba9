/**
 * Which faults can mean something: where a kind may strike, what it needs to know, what it takes.
 * Files and typed faults are both checked against this table; that a fault really strikes in a run
 * is the world's to say.
 */
import type { FaultKind } from '#kit';
import { sqlStates } from './healthy-sql.ts';
import { isCode, isSqlState, isStatement } from './notation.ts';
import type { Fault, FaultOptions, Phase } from './schedule.ts';

interface Rule {
  /** What the fault strikes: said by its point alone, by `on` alone, or by whichever is there. */
  readonly strikes: 'point' | 'subject' | 'either';
  readonly needs?: 'code' | 'ms' | 'offset';
  readonly takes?: readonly (keyof FaultOptions)[];
  /** The phase that is meant where none is said. */
  readonly phase: Phase;
  readonly example: string;
}

const commit = 'greeter-0 · OffsetCommit greeter (m1) · #1';
const record = 'greeter-0 · sink.record (m1) · #1';
const statement = 'greeter-0 · INSERT ledger (m1) · #1';

export const faultRules: Readonly<Record<FaultKind, Rule>> = {
  crash: {
    strikes: 'either',
    takes: ['inFlight'],
    phase: 'after apply',
    example: `crash ${commit} · after apply`,
  },
  stop: {
    strikes: 'either',
    takes: ['ms'],
    phase: 'before apply',
    example: 'stop greeter-0 after command m2',
  },
  restart: { strikes: 'either', phase: 'before apply', example: 'restart everything at rest' },
  redeliver: {
    strikes: 'subject',
    needs: 'offset',
    phase: 'before apply',
    example: 'redeliver greeter greetings.v1/0 to 0 at rest',
  },
  republish: { strikes: 'subject', phase: 'before apply', example: 'republish m1 at rest' },
  reject: { strikes: 'point', phase: 'before apply', example: `reject ${record} · before apply` },
  outage: {
    strikes: 'point',
    needs: 'ms',
    phase: 'before apply',
    example: `outage ${record} · before apply · 5000 ms`,
  },
  lock: {
    strikes: 'point',
    needs: 'ms',
    phase: 'before apply',
    example: `lock ${statement} · before apply · 1500 ms`,
  },
  'lock-rows': {
    strikes: 'point',
    needs: 'ms',
    phase: 'before apply',
    example: 'lock-rows relay-0 · SELECT outbox · #1 · before apply · 1500 ms',
  },
  victim: {
    strikes: 'point',
    phase: 'before apply',
    example: `victim ${statement} · before apply`,
  },
  'lose-request': {
    strikes: 'point',
    phase: 'before apply',
    example: `lose-request ${commit} · before apply`,
  },
  'lose-response': {
    strikes: 'point',
    phase: 'after apply',
    example: `lose-response ${commit} · after apply`,
  },
  error: {
    strikes: 'point',
    needs: 'code',
    phase: 'before apply',
    example: `error ${commit} · before apply · NOT_COORDINATOR`,
  },
  delay: {
    strikes: 'point',
    needs: 'ms',
    phase: 'before apply',
    example: `delay ${record} · before apply · 1500 ms`,
  },
  cut: {
    strikes: 'either',
    needs: 'ms',
    takes: ['inFlight'],
    phase: 'before apply',
    example: `cut ${commit} · before apply · 45000 ms`,
  },
  freeze: {
    strikes: 'either',
    needs: 'ms',
    phase: 'before apply',
    example: `freeze ${record} · before apply · 45000 ms`,
  },
  join: { strikes: 'subject', phase: 'before apply', example: `join greeter at ${record}` },
  rebalance: {
    strikes: 'subject',
    phase: 'before apply',
    example: `rebalance greeter at ${record}`,
  },
  silence: { strikes: 'point', phase: 'after apply', example: `silence ${commit} · after apply` },
};

export const faultKinds = Object.keys(faultRules) as readonly FaultKind[];

/** Errors that Kafka answers although the records are in the log. */
const afterAppend = new Set(['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND']);

/** The phase that a fault without one means. */
export function usualPhase(kind: FaultKind, code?: string): Phase {
  return code !== undefined && afterAppend.has(code) ? 'after apply' : faultRules[kind].phase;
}

/** The fault that IDLE-RESTART is judged by; it stands alone in a schedule. */
export function isIdleRestart({ kind, on, place }: Fault): boolean {
  return kind === 'restart' && on === 'everything' && place === 'at rest';
}

/** A sentence about what makes this fault meaningless; `undefined` = it is well-formed. */
export function faultTrouble(fault: Fault): string | undefined {
  const rule = faultRules[fault.kind];
  const isPoint = typeof fault.place === 'object' && 'point' in fault.place;
  if (rule.strikes === 'point' && (!isPoint || fault.on !== undefined)) {
    return `${fault.kind} strikes one request or call: name its point.`;
  }
  if (rule.strikes === 'subject' && fault.on === undefined) {
    return `${fault.kind} needs to know whom: ${subjects[fault.kind] ?? 'its subject'}.`;
  }
  if (rule.strikes === 'either' && fault.on === undefined && !isPoint) {
    return `${fault.kind} needs an instance when its place is not a point.`;
  }
  return optionTrouble(fault, rule) ?? codeTrouble(fault) ?? waitTrouble(fault);
}

const subjects: Partial<Record<FaultKind, string>> = {
  redeliver: 'a group and a partition',
  republish: 'a command',
  join: 'a role',
  rebalance: 'a group',
};

const optionNames: Readonly<Record<keyof FaultOptions, string>> = {
  inFlight: '“in flight arrives”',
  code: 'an error name',
  ms: 'a length of time',
  offset: 'an offset',
};

function optionTrouble(fault: Fault, rule: Rule): string | undefined {
  const given = fault.with ?? {};
  if (rule.needs !== undefined && given[rule.needs] === undefined) {
    return `${fault.kind} needs ${optionNames[rule.needs]}.`;
  }
  for (const [name, value] of Object.entries(given)) {
    const option = name as keyof FaultOptions;
    if (value === undefined) continue;
    if (option !== rule.needs && rule.takes?.includes(option) !== true) {
      return `${fault.kind} takes no ${optionNames[option]?.replace(/^an? /, '') ?? name}.`;
    }
  }
  const { ms, offset, code } = given;
  if (ms !== undefined && !isCount(ms)) return 'A length of time is in whole milliseconds.';
  if (offset !== undefined && !isCount(offset)) return 'An offset is a whole number from 0.';
  if (code !== undefined && !isCode(code)) {
    return `“${code}” is no error name of Kafka: they look like NOT_COORDINATOR.`;
  }
  return undefined;
}

/** PostgreSQL's errors are for statements, Kafka's for its requests. */
function codeTrouble({ kind, place, with: given }: Fault): string | undefined {
  const code = given?.code;
  if (kind !== 'error' || code === undefined) return undefined;
  if (typeof place !== 'object' || !('point' in place)) return undefined;
  const { operation } = place.point;
  if (!isStatement(operation)) {
    if (!isSqlState(code)) return undefined;
    return `${code} is an error of PostgreSQL, and ${operation} is no statement.`;
  }
  if (code === '23505') {
    return 'PostgreSQL says 23505 where the row is there, and never else: place a republish.';
  }
  if (sqlStates.includes(code)) {
    return place.phase === 'before apply'
      ? undefined
      : `A statement is answered ${code} instead of applying it: that is before apply.`;
  }
  return `${code} cannot be placed at a statement: those are ${sqlStates.join(', ')}.`;
}

/** Kinds that are about statements which wait, and why only until those are applied. */
const waits: Partial<Record<FaultKind, readonly [string, string]>> = {
  lock: ['keeps a statement waiting', 'A lock keeps a statement from being applied'],
  'lock-rows': ['keeps a statement waiting', 'A lock keeps a statement from being applied'],
  victim: ['waits with a statement', 'Whoever waits for a lock has not been applied'],
};

function waitTrouble({ kind, place }: Fault): string | undefined {
  const [does, why] = waits[kind] ?? [];
  if (does === undefined || typeof place !== 'object' || !('point' in place)) return undefined;
  if (!isStatement(place.point.operation)) {
    return `A ${kind} ${does}, and ${place.point.operation} is none.`;
  }
  return place.phase === 'before apply' ? undefined : `${why}: that is before apply.`;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
