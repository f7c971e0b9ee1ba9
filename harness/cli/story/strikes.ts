/**
 * The row of a fault: a capital word and what was lost. One entry per kind of fault; every word
 * comes from the request that was struck.
 */
import type { FaultKind, FaultPoint } from '#schedule';
import type { Fact } from '#check';
import { isChange, logName, type Reading, type Struck } from './reading.ts';
import {
  labelOf,
  duration,
  errandHappened,
  errandNoun,
  errandOf,
  errorWords,
  list,
  portOf,
  statementWords,
  type Asked,
} from './words.ts';
import type { Cell } from './rows.ts';

export interface Strike {
  readonly cells: readonly Cell[];
  readonly sentence: string;
  /** Facts that this row already tells. */
  readonly tells: readonly number[];
}

interface Told {
  readonly word: string;
  /** Follows the word after a space; after a colon where it is a clause of its own. */
  readonly rest?: string;
  readonly clause?: string;
}

type Tell = (struck: Struck) => Told;

/** What had become of the request at this moment. */
function fate({ point, asked, phase, fault }: Struck): string {
  if (!point || !asked) return placeInWords(fault?.place);
  const noun = errandNoun(asked);
  if (phase === 'before apply') {
    return point.operation.includes('.') ? `${noun} never happened` : `${noun} never arrived`;
  }
  const applied = `${noun} ${errandHappened(point.operation)}`;
  return phase === 'after apply' ? `${applied}, its answer never arrived` : applied;
}

function placeInWords(place: unknown): string {
  if (place === 'before start') return 'before anything was sent';
  if (place === 'at rest') return 'when nothing was left to do';
  if (typeof place === 'object' && place !== null && 'after' in place) {
    return `after ${String(place.after)}`;
  }
  return '';
}

/** Where a fault strikes that takes nothing away: `at the commit of m1`. */
function moment({ asked, phase, fault }: Struck): string {
  if (!asked) return placeInWords(fault?.place);
  return `${phase === 'before apply' ? 'before' : 'after'} ${errandNoun(asked)}`;
}

function happenedAnyway({ asked, phase }: Struck): string {
  if (!asked || phase === 'before apply') return '';
  return `, though ${errandNoun(asked)} ${errandHappened(asked.operation)}`;
}

/** PostgreSQL's errors fail the whole transaction. */
function undone({ operation }: Asked): string {
  return errandOf(operation) === 'statement' ? '; its transaction is undone' : '';
}

function span({ fault }: Struck, otherwise = ''): string {
  return fault?.with?.ms === undefined ? otherwise : ` for ${duration(fault.with.ms)}`;
}

const tell: Readonly<Record<FaultKind, Tell>> = {
  crash: (s) => ({
    word: 'DIES',
    clause: fate(s) + (s.fault?.with?.inFlight ? '; what it had already written arrives' : ''),
  }),
  stop: (s) => ({ word: 'IS STOPPED', clause: `asked to end (SIGTERM) ${moment(s)}` }),
  restart: (s) => ({
    word: s.slot === undefined ? 'EVERYTHING RESTARTS' : 'IS RESTARTED',
    rest: moment(s),
  }),
  redeliver: (s) => ({
    word: 'GOES BACK',
    rest: `to offset ${s.fault?.with?.offset ?? 0}`,
  }),
  republish: () => ({ word: 'PUBLISHED AGAIN' }),
  reject: (s) => ({ word: 'REJECTS', rest: s.point ? list(s.point.cause) : '' }),
  outage: (s) => ({ word: 'IS DOWN', rest: span(s) }),
  lock: (s) => ({ word: 'IS LOCKED', rest: span(s) }),
  'lock-rows': (s) => ({ word: 'ARE LOCKED', rest: span(s) }),
  victim: (s) => ({
    word: 'IS THE VICTIM',
    rest: `of a deadlock${s.asked ? `, in ${errandNoun(s.asked)}` : ''}`,
  }),
  'lose-request': (s) => ({ word: 'LOSES THE REQUEST', clause: fate(s) }),
  'lose-response': (s) => ({ word: 'LOSES THE ANSWER', clause: happenedBeforeLoss(s) }),
  silence: (s) => ({
    word: 'LOSES THE ANSWER',
    clause: `${happenedBeforeLoss(s)}; the connection stays open`,
  }),
  error: (s) => ({
    word: `GETS ${errorWords(s.fault?.with?.code ?? 'AN ERROR')}`,
    rest: s.asked ? `for ${errandNoun(s.asked)}${happenedAnyway(s)}${undone(s.asked)}` : moment(s),
  }),
  delay: (s) => ({
    word: 'WAITS',
    rest: `${span(s).trim()} ${moment(s)}`.trim(),
  }),
  cut: (s) => ({ word: 'IS CUT OFF', rest: `from Kafka${span(s)}, ${moment(s)}` }),
  freeze: (s) => ({ word: 'FREEZES', rest: `${span(s).trim()} ${moment(s)}`.trim() }),
  join: (s) => ({ word: 'JOINS', clause: `one more ${s.fault?.on ?? 'instance'}, ${moment(s)}` }),
  rebalance: (s) => ({
    word: 'REBALANCES',
    clause: `the group ${s.fault?.on ?? s.point?.target ?? ''} forms anew`,
  }),
};

function happenedBeforeLoss({ asked }: Struck): string {
  return asked ? `${errandNoun(asked)} ${errandHappened(asked.operation)}` : '';
}

/** Instance facts that a fault brings about at the same moment. */
const bringsAbout: Partial<Record<FaultKind, readonly string[]>> = {
  crash: ['dies'],
  freeze: ['frozen'],
  cut: ['cut'],
  stop: ['stopping'],
  restart: ['stopping', 'dies'],
  join: ['starts'],
};

export function strikeRow(struck: Struck, reading: Reading): Strike {
  const { fact, fault, point } = struck;
  const beside = reading.facts.filter(
    (other) => other.atMs === fact.atMs && Math.abs(other.seq - fact.seq) <= 8,
  );
  const tells = [fact.seq, ...beside.filter((other) => isTold(other, struck)).map((f) => f.seq)];
  if (!fault) {
    return { cells: [{ lane: '', text: fact.fault }], sentence: `${fact.fault}.`, tells };
  }
  const { word, rest = '', clause = '' } = tell[fault.kind](struck);
  const text = `${word}${clause.trim() ? `: ${clause.trim()}` : ''} ${rest.trim()}`.trim();
  if (fault.kind === 'reject' && point) {
    const [port = point.operation, call = ''] = point.operation.split('.');
    const cells = [
      { lane: `slot ${point.slot}`, text: `${point.operation} ${list(point.cause)}`.trim() },
      { lane: `port ${port}`, text, call },
    ];
    return { cells, sentence: `${port} ${text}: ${point.operation} took no effect.`, tells };
  }
  if (fault.kind === 'outage' && point) return outageRow(struck, point, beside, tells);
  if (fault.kind === 'lock' && point) return lockRow(struck, point, tells);
  if (fault.kind === 'lock-rows' && point) return rowsRow(struck, point, tells);
  const newcomer = beside.find((other) => other.kind === 'instance' && other.state === 'starts');
  const joined = fault.kind === 'join' && newcomer?.kind === 'instance' ? newcomer.slot : undefined;
  const slot = struck.slot ?? joined;
  const log = beside.find((other) => isOurRecord(other, struck));
  const [group = '', where] = fault.kind === 'redeliver' ? (fault.on ?? '').split(' ') : [];
  if (where !== undefined) {
    const text = `${group} ${word} ${rest}`;
    return { cells: [{ lane: `log ${where}`, text }], sentence: `${text} on ${where}.`, tells };
  }
  const lane = slot ? `slot ${slot}` : logLane(log);
  const inLog = !slot && log?.kind === 'append' ? `${log.offset} ${labelOf(log)} ${text}` : text;
  const subject = slot ?? (fault.kind === 'restart' ? '' : (fault.on ?? 'Kafka:'));
  return { cells: [{ lane, text: inLog }], sentence: `${subject} ${text}.`.trim(), tells };
}

/** What is out has the row's own lane; whoever asked it has the request. */
function outageRow(
  struck: Struck,
  point: FaultPoint,
  beside: readonly Fact[],
  tells: readonly number[],
): Strike {
  const slot = `slot ${point.slot}`;
  if (errandOf(point.operation) !== 'statement') {
    const port = portOf(point.operation);
    const text = `IS DOWN${span(struck)}: it refuses every call`;
    const call = point.operation.slice(port.length + 1);
    const cells = [
      { lane: slot, text: `${point.operation} ${list(point.cause)}`.trim() },
      { lane: `port ${port}`, text, call },
    ];
    const what = `${point.operation} ${list(point.cause)}`.trim();
    return { cells, sentence: `${port} ${text}, and ${what} was the first.`, tells };
  }
  const fate = fateInOutage(struck, beside);
  const down = `GOES DOWN${span(struck)}`;
  return {
    cells: [
      { lane: slot, text: statementWords(point) },
      { lane: 'tables database', text: `${down}: it ${fate}` },
    ],
    sentence: `The database ${down}: ${errandNoun(point)} ${fate}.`,
    tells,
  };
}

/** Whoever has the table is nobody of the chapter, so that the table itself is locked. */
function lockRow(struck: Struck, point: FaultPoint, tells: readonly number[]): Strike {
  const locked = `IS LOCKED by somebody else${span(struck)}`;
  return {
    cells: [
      { lane: `slot ${point.slot}`, text: `${statementWords(point)} waits` },
      { lane: 'tables database', text: `${point.target} ${locked}` },
    ],
    sentence: `${point.target} ${locked}, and ${errandNoun(point)} has to wait.`,
    tells,
  };
}

/** What it meets there, it tells by itself: it waits, passes by, or is refused. */
function rowsRow(struck: Struck, point: FaultPoint, tells: readonly number[]): Strike {
  const locked = `of ${point.target} ARE LOCKED by somebody else${span(struck)}`;
  return {
    cells: [
      { lane: `slot ${point.slot}`, text: statementWords(point) },
      { lane: 'tables database', text: `rows ${locked}` },
    ],
    sentence: `Rows ${locked}: those that ${errandNoun(point)} wants.`,
    tells,
  };
}

function fateInOutage({ fact, phase, slot }: Struck, beside: readonly Fact[]): string {
  if (phase === 'before apply') return 'was not applied';
  const kept = beside.some(
    (other) => isChange(other) && other.slot === slot && other.seq < fact.seq,
  );
  return kept ? 'was applied, its answer never arrived' : 'was applied and is undone again';
}

function logLane(fact: Fact | undefined): string {
  return fact?.kind === 'append' || fact?.kind === 'commit' ? `log ${logName(fact)}` : '';
}

function isTold(fact: Fact, struck: Struck): boolean {
  const { fault, slot } = struck;
  if (!fault) return false;
  if (fact.kind === 'instance') {
    const mine = slot === undefined ? fault.kind !== 'crash' : fact.slot === slot;
    return mine && (bringsAbout[fault.kind] ?? []).includes(fact.state);
  }
  if (fact.kind === 'port') {
    const { point } = struck;
    const mine = fact.slot === slot && fact.name === point?.operation;
    const isRefusal = fault.kind === 'reject' || fault.kind === 'outage';
    return mine && isRefusal && fact.outcome === 'rejected';
  }
  return isOurRecord(fact, struck);
}

/** The record or offset that the harness itself wrote for a republish or a redeliver. */
function isOurRecord(fact: Fact, { fault, fact: struck }: Struck): boolean {
  if (fact.seq < struck.seq || (fact.kind !== 'append' && fact.kind !== 'commit')) return false;
  if (fact.slot !== undefined) return false;
  return fault?.kind === (fact.kind === 'append' ? 'republish' : 'redeliver');
}
