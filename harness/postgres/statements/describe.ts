/**
 * Names a statement: its verb and the first table it is about. Where a text has no single one (several statements, a
 * query over a subquery), the fingerprint stands for it: equal for texts that differ in literals, spaces, comments,
 * letter case of words and length of lists.
 *
 * Left out: what a view, a function or a trigger touches. Only the text is read, the database is never asked.
 */
import { createHash } from 'node:crypto';
import { isWord, meaningful, nameOf, splitStatements, tokensOf, type Token } from './tokens.ts';

export interface Described {
  /** INSERT, UPDATE, BEGIN, CREATE TABLE, …; the first that works on data where there are several. */
  readonly verb: string;
  /** `outbox`, `shop.outbox`, `settle()` for a call; `undefined` where the text does not say one. */
  readonly table: string | undefined;
  /** Eight hexadecimal digits. */
  readonly fingerprint: string;
  /** Of each statement, in order. */
  readonly verbs: readonly string[];
  /** A query that says FOR UPDATE, FOR SHARE or their like, wherever in it. */
  readonly locksRows: boolean;
}

/** Of themselves they are about no table. */
const transactionVerbs = new Set([
  '',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'ROLLBACK TO',
  'SHOW',
  'DISCARD',
  'SAVEPOINT',
  'RELEASE',
  'SET',
  'RESET',
]);
const withObject = new Set(['CREATE', 'ALTER', 'DROP', 'REFRESH', 'SECURITY', 'COMMENT']);
/** Words between CREATE, ALTER or DROP and the kind of object. */
const decorations = [
  'OR',
  'REPLACE',
  'UNIQUE',
  'TEMP',
  'TEMPORARY',
  'UNLOGGED',
  'GLOBAL',
  'LOCAL',
  'RECURSIVE',
  'CONSTRAINT',
  'TRUSTED',
];

/** What a target is called in the notation of fault points. */
export function targetOf({ table, fingerprint, verb }: Described): string {
  if (table !== undefined) return table;
  return transactionVerbs.has(verb) ? '' : `~${fingerprint}`;
}

export function describeStatement(text: string): Described {
  const tokens = tokensOf(text);
  const statements = splitStatements(tokens).map(meaningful);
  const verbs = statements.map(verbOf);
  const working = verbs.flatMap((verb, index) => (transactionVerbs.has(verb) ? [] : [index]));
  const chosen = working[0] ?? 0;
  const statement = statements[chosen] ?? [];
  const verb = verbs[chosen] ?? '';
  return {
    verb,
    table: working.length > 1 ? undefined : tableOf(statement, verb),
    fingerprint: fingerprintOf(statements),
    verbs,
    locksRows: statements.some((tokens, index) => verbs[index] === 'SELECT' && locksRows(tokens)),
  };
}

/** `FOR UPDATE`, `FOR NO KEY UPDATE`, `FOR SHARE`, `FOR KEY SHARE`. */
function locksRows(statement: readonly Token[]): boolean {
  return statement.some((token, index) => {
    if (!isWord(token, 'FOR')) return false;
    const next = statement
      .slice(index + 1, index + 4)
      .findIndex((word) => !isWord(word, 'NO', 'KEY'));
    return isWord(statement[index + 1 + next], 'UPDATE', 'SHARE');
  });
}

function verbOf(statement: readonly Token[]): string {
  const at = mainVerb(statement);
  const first = statement[at];
  if (first === undefined) return '';
  const verb = first.kind === 'word' ? first.text.toUpperCase() : 'SELECT';
  const second = statement[at + 1];
  if (verb === 'START' || verb === 'BEGIN') return 'BEGIN';
  if (verb === 'END') return 'COMMIT';
  if (verb === 'ABORT') return 'ROLLBACK';
  if (verb === 'PREPARE' && isWord(second, 'TRANSACTION')) return 'PREPARE TRANSACTION';
  if ((verb === 'COMMIT' || verb === 'ROLLBACK') && isWord(second, 'PREPARED')) {
    return `${verb} PREPARED`;
  }
  if (verb === 'ROLLBACK' && statement.some((token) => isWord(token, 'TO'))) {
    return 'ROLLBACK TO';
  }
  if (!withObject.has(verb)) return verb;
  const kind = statement.slice(at + 1).find((token) => !isWord(token, ...decorations));
  return kind?.kind === 'word' ? `${verb} ${kind.text.toUpperCase()}` : verb;
}

/** Where the statement itself begins: after the parts of WITH, and after `(` of a bracketed query. */
function mainVerb(statement: readonly Token[]): number {
  if (!isWord(statement[0], 'WITH')) {
    return statement.findIndex(({ text }) => text !== '(');
  }
  let depth = 0;
  for (const [index, token] of statement.entries()) {
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    else if (depth === 0 && isWord(token, 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE')) {
      return index;
    }
  }
  return 0;
}

/** Words after which a table's name stands, for each verb. */
const leads: Readonly<Record<string, readonly string[]>> = {
  INSERT: ['INTO'],
  MERGE: ['INTO'],
  DELETE: ['FROM'],
  SELECT: ['FROM'],
  UPDATE: ['UPDATE'],
  COPY: ['COPY'],
  TRUNCATE: ['TABLE', 'TRUNCATE'],
  LOCK: ['TABLE', 'LOCK'],
  TABLE: ['TABLE'],
  CALL: ['CALL'],
  LISTEN: ['LISTEN'],
  UNLISTEN: ['UNLISTEN'],
  NOTIFY: ['NOTIFY'],
};

function tableOf(statement: readonly Token[], verb: string): string | undefined {
  const main = statement.slice(mainVerb(statement));
  if (verb === 'CREATE INDEX' || verb === 'CREATE TRIGGER') return after(main, ['ON']);
  const [first = ''] = verb.split(' ');
  if (verb.includes(' ') && withObject.has(first)) {
    return after(main, [verb.slice(first.length + 1)]);
  }
  const words = leads[verb];
  if (words === undefined) return undefined;
  // A query with parts of its own reads their results: whose table it is about is not said in one place.
  if (verb === 'SELECT' && isWord(statement[0], 'WITH')) return undefined;
  const table = after(main, words);
  return table ?? (verb === 'SELECT' ? calledFirst(main) : undefined);
}

/** The name behind the first of these words that stands outside parentheses. */
function after(main: readonly Token[], words: readonly string[]): string | undefined {
  let depth = 0;
  for (const word of words) {
    for (const [index, token] of main.entries()) {
      if (token.text === '(') depth++;
      else if (token.text === ')') depth--;
      else if (depth === 0 && isWord(token, word) && !isDistinctFrom(main, index)) {
        return nameAt(main, index + 1);
      }
    }
  }
  return undefined;
}

function isDistinctFrom(main: readonly Token[], index: number): boolean {
  return isWord(main[index - 1], 'DISTINCT') && isWord(main[index - 2], 'IS', 'NOT');
}

function nameAt(main: readonly Token[], start: number): string | undefined {
  let at = start;
  while (isWord(main[at], 'ONLY', 'IF', 'NOT', 'EXISTS', 'CONCURRENTLY', 'TABLE', 'VIEW')) at++;
  const parts: string[] = [];
  for (; main[at] !== undefined; at += 2) {
    const token = main[at] as Token;
    if (token.kind !== 'word' && token.kind !== 'quoted') return undefined;
    parts.push(nameOf(token));
    if (main[at + 1]?.text !== '.') break;
  }
  if (parts.length === 0) return undefined;
  const isCall = main[at + 1]?.text === '(' && isWord(main[start - 1], 'FROM', 'CALL');
  return parts.map(bare).join('.') + (isCall ? '()' : '');
}

/** `SELECT settle($1)` is about `settle()`. */
function calledFirst(main: readonly Token[]): string | undefined {
  const name = nameAt(main, 1);
  if (name === undefined) return undefined;
  const at = 1 + 2 * name.split('.').length - 1;
  return main[at]?.text === '(' ? `${name}()` : undefined;
}

/** A name that the notation can hold as one word. */
function bare(name: string): string {
  return name.replaceAll(/[\s"'()·,;]/gu, '_');
}

const literals = new Set(['string', 'dollar', 'number', 'parameter']);

function fingerprintOf(statements: readonly (readonly Token[])[]): string {
  const text = statements
    .map((statement) => {
      const words = statement.map((token) => {
        if (literals.has(token.kind)) return '?';
        return token.kind === 'quoted' ? token.text : token.text.toLowerCase();
      });
      // A list of values is one value: `in ($1,$2)` and `in ($1)` are the same text.
      return words
        .join(' ')
        .replaceAll(/\?(?: , \?)+/g, '?')
        .replaceAll(/\( \? \)(?: , \( \? \))+/g, '( ? )');
    })
    .join(' ; ');
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
