/** Small words: times, lists, numbers, and what a request is called in a sentence. */
import type { AppendFact } from '#check';
import type { FaultPoint } from '#schedule';

const thinSpace = '\u202f';

/** `30 018`, with a narrow space that does not break. */
export function number(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, thinSpace);
}

/** `14 ms`, `30 s`, `1.5 s`: a length of virtual time. */
export function duration(ms: number): string {
  if (ms < 1000) return `${number(ms)} ms`;
  if (ms % 60_000 === 0) return `${number(ms / 60_000)} min`;
  return ms % 1000 === 0 || ms >= 10_000 ? `${number(ms / 1000)} s` : `${(ms / 1000).toFixed(1)} s`;
}

/** `m1`, `m1 and m2`, `m1, m2 and 4 more`. */
export function list(items: readonly string[], most = 3): string {
  if (items.length <= 1) return items[0] ?? '';
  if (items.length <= most) return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
  return `${items.slice(0, most - 1).join(', ')} and ${items.length - most + 1} more`;
}

/** No record has an offset below 0: -1 and -2 are what kafkajs stores for "none". */
export function commitWords(offset: number): string {
  return offset >= 0 ? String(offset) : `${offset} (kafkajs's "none")`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** A capital first letter, but never on a name: `greeter-0`, `psp.charge`, `shop:p1` stay as they are. */
export function capital(sentence: string): string {
  return /^[a-z]+(?=[ ,]|: )/.test(sentence)
    ? sentence.charAt(0).toUpperCase() + sentence.slice(1)
    : sentence;
}

/** `PaymentFailed o1`; `o1` where its chapter has no name for it. */
export function labelOf({ name, command }: Pick<AppendFact, 'name' | 'command'>): string {
  return [name, command].filter((word) => word !== undefined).join(' ') || 'a record';
}

/** What a request is about, coarse enough to have a sentence of its own. */
export type Errand =
  | 'commit'
  | 'send'
  | 'fetch'
  | 'port'
  | 'statement'
  | 'join'
  | 'transaction'
  | 'other';

const errands: Readonly<Record<string, Errand>> = {
  OffsetCommit: 'commit',
  TxnOffsetCommit: 'commit',
  Produce: 'send',
  Fetch: 'fetch',
  JoinGroup: 'join',
  SyncGroup: 'join',
  LeaveGroup: 'join',
  EndTxn: 'transaction',
  AddPartitionsToTxn: 'transaction',
  AddOffsetsToTxn: 'transaction',
};

/** A port call is named `port.call`, a statement by its verb in capitals; Kafka's APIs are neither. */
export function errandOf(operation: string): Errand {
  if (operation.includes('.')) return 'port';
  return /^[A-Z]+(?: [A-Z]+)*$/.test(operation) ? 'statement' : (errands[operation] ?? 'other');
}

/** A request as a sentence speaks of it. */
export type Asked = Pick<FaultPoint, 'operation' | 'target' | 'cause'>;

/** The request as a noun: `the commit of m1`, `sink.record m1`, `its JoinGroup greeter`. */
export function errandNoun({ operation, target, cause }: Asked): string {
  const about = cause.length > 0 ? list(cause) : '';
  switch (errandOf(operation)) {
    case 'commit':
      return about ? `the commit of ${about}` : `the commit of ${target}`;
    case 'send':
      return about ? `the send of ${about}` : `the send to ${target}`;
    case 'fetch':
      return about ? `the fetch of ${about}` : `the fetch from ${target}`;
    case 'port':
      return about ? `${operation} ${about}` : operation;
    case 'statement':
      if (operation === 'COMMIT') return about ? `the COMMIT of ${about}` : 'its COMMIT';
      return `the ${statementWords({ operation, target, cause }, ' of ')}`;
    case 'transaction':
      return operation === 'EndTxn' && about
        ? `the end of the transaction of ${about}`
        : nameOf({ operation, target, cause });
    default:
      return nameOf({ operation, target, cause });
  }
}

/** What stands between a verb and its table where SQL has a word for it. */
const prepositions: Readonly<Record<string, string>> = {
  INSERT: ' into ',
  MERGE: ' into ',
  DELETE: ' from ',
  SELECT: ' from ',
};

/** `insert into ledger (p1)`, `update accounts (p1)`; `COMMIT (p1)`, for Kafka commits as well. */
export function statementWords({ operation, target, cause }: Asked, between = ' '): string {
  const about = cause.length > 0 ? ` (${list(cause)})` : '';
  // A fingerprint names nothing to a reader.
  const where = target === '' || target.startsWith('~') ? '' : target;
  const link = where === '' ? '' : (prepositions[operation] ?? between);
  const verb = operation === 'COMMIT' ? operation : operation.toLowerCase();
  return `${verb}${link}${where}${about}`;
}

function nameOf({ operation, target, cause }: Asked): string {
  const about = cause.length > 0 ? ` (${list(cause)})` : '';
  return `its ${[operation, target].filter(Boolean).join(' ')}${about}`;
}

const happened: Readonly<Record<Errand, string>> = {
  commit: 'was stored',
  send: 'was appended',
  fetch: 'was answered',
  port: 'took effect',
  statement: 'was applied',
  join: 'was accepted',
  transaction: 'was applied',
  other: 'was applied',
};

/** How one says that a request had its effect. */
export function errandHappened(operation: string): string {
  return happened[errandOf(operation)];
}

const sqlErrors: Readonly<Record<string, string>> = {
  '40001': 'a serialization failure',
  '40P01': 'a deadlock',
  '55P03': 'its lock time-out',
  '57014': 'its statement time-out',
  '57P01': 'an end of the session',
};

/** `40001 (a serialization failure)`; Kafka's names speak for themselves. */
export function errorWords(code: string): string {
  const words = sqlErrors[code];
  return words === undefined ? code : `${code} (${words})`;
}

/** `sink` of `sink.record`. */
export function portOf(call: string): string {
  return call.split('.')[0] ?? call;
}

/** `01-producer-consumer` → `1`; a folder without a number keeps its name. */
export function chapterNumber(folder: string): string {
  const digits = /^\d+/.exec(folder)?.[0];
  return digits === undefined ? folder : String(Number(digits));
}
