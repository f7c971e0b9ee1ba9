/**
 * What is syntax and cannot be shadowed by a schema is replaced before the server reads it: CURRENT_TIMESTAMP and its
 * kin become calls of the virtual functions, which keep the column name; server time-outs become settings of `sim`,
 * because the server would count real time. Bodies of functions and DO blocks are text of the same language: the same
 * is done in them.
 *
 * Left out: SHOW of a time-out names its column `sim.…` and shows the value as it was written.
 */
import { isWord, meaningful, splitStatements, tokensOf, type Token } from './tokens.ts';

export interface Rewritten {
  readonly text: string;
  readonly changed: boolean;
  /** A position in the new text (from 1, in characters, as PostgreSQL counts) in the client's own. */
  originalPosition(position: number): number;
}

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

const clockWords = new Set([
  'CURRENT_TIMESTAMP',
  'CURRENT_TIME',
  'CURRENT_DATE',
  'LOCALTIME',
  'LOCALTIMESTAMP',
]);

/** Settings with which the server would look at its own clock. */
export const timeouts = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
  'idle_session_timeout',
] as const;
const timeoutWords = timeouts.map((name) => name.toUpperCase());

export function rewriteStatement(text: string): Rewritten {
  // Most texts hold nothing to replace: looking costs less than reading.
  const edits = /current_|localtime|_timeout/i.test(text) ? editsOf(text) : [];
  if (edits.length === 0) {
    return { text, changed: false, originalPosition: (position) => position };
  }
  return { text: apply(text, edits), changed: true, originalPosition: positions(text, edits) };
}

function editsOf(text: string): Edit[] {
  return splitStatements(tokensOf(text)).flatMap((statement) => {
    const tokens = meaningful(statement);
    return [...clockEdits(tokens), ...timeoutEdits(tokens), ...bodyEdits(tokens)];
  });
}

function clockEdits(tokens: readonly Token[]): Edit[] {
  return tokens.flatMap((token, index) => {
    const { kind, text, at } = token;
    if (kind !== 'word' || !clockWords.has(text.toUpperCase())) return [];
    const before = tokens[index - 1];
    // `t.current_date` is a column, `AS current_date` a label.
    if (before?.text === '.' || isWord(before, 'AS')) return [];
    const name = `sim."${text.toLowerCase()}"`;
    const hasPrecision = tokens[index + 1]?.text === '(' && tokens[index + 3]?.text === ')';
    return [{ at, length: text.length, text: hasPrecision ? name : `${name}()` }];
  });
}

/** `SET [SESSION | LOCAL] lock_timeout`, `SHOW lock_timeout`, `RESET lock_timeout`. */
function timeoutEdits(tokens: readonly Token[]): Edit[] {
  if (!isWord(tokens[0], 'SET', 'SHOW', 'RESET')) return [];
  const name = tokens[isWord(tokens[1], 'SESSION', 'LOCAL') ? 2 : 1];
  if (name === undefined || !isWord(name, ...timeoutWords)) return [];
  return [{ at: name.at, length: 0, text: 'sim.' }];
}

function bodyEdits(tokens: readonly Token[]): Edit[] {
  const isCode =
    isWord(tokens[0], 'DO') ||
    (isWord(tokens[0], 'CREATE') &&
      tokens.slice(1, 5).some((token) => isWord(token, 'FUNCTION', 'PROCEDURE')));
  if (!isCode) return [];
  return tokens.flatMap(({ kind, text, at }) => {
    if (kind !== 'dollar') return [];
    const tag = text.slice(0, text.indexOf('$', 1) + 1);
    return editsOf(text.slice(tag.length, -tag.length)).map((edit) => ({
      ...edit,
      at: edit.at + at + tag.length,
    }));
  });
}

function apply(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.at - b.at)) {
    result += text.slice(at, edit.at) + edit.text;
    at = edit.at + edit.length;
  }
  return result + text.slice(at);
}

function positions(text: string, edits: readonly Edit[]): (position: number) => number {
  // PostgreSQL counts characters, JavaScript UTF-16 units.
  const characters = (until: number): number =>
    text.slice(0, until).replaceAll(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g, '.').length;
  const sorted = edits
    .toSorted((a, b) => a.at - b.at)
    .map((edit) => ({ ...edit, first: characters(edit.at) + 1 }));
  return (position) => {
    let moved = 0;
    for (const { first, length, text: added } of sorted) {
      const here = first + moved;
      if (position < here) break;
      if (position < here + added.length) return first;
      moved += added.length - length;
    }
    return position - moved;
  };
}
