/**
 * SQL as tokens, by PostgreSQL's lexical rules with `standard_conforming_strings = on`: nested comments, quoted names,
 * dollar quoting, E'' and U&'' strings, parameters. Joined again, the tokens are the text.
 *
 * Left out: UESCAPE's escape character, and two strings that a line break joins (they stay two tokens).
 */

export type TokenKind =
  | 'space'
  | 'comment'
  | 'word'
  | 'quoted'
  | 'string'
  | 'dollar'
  | 'number'
  | 'parameter'
  | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** As written. */
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly at: number;
}

const space = /[\s\uFEFF]+/y;
const lineComment = /--[^\r\n]*/y;
const word = /[A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*/y;
const number = /0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const parameter = /\$\d+/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uFFFF][\w\u0080-\uFFFF]*)?\$/y;
const plainString = /(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|$)/y;
const escapeString = /[eE]'(?:[^'\\]|''|\\[\s\S])*(?:'|$)/y;
const quotedName = /(?:[uU]&)?"(?:[^"]|"")*(?:"|$)/y;
const symbol = /::|:=|=>|\.\.|[-+*/<>=~!@#%^&|`?]+|[\s\S]/y;

/** In this order: a string's prefix is no word, a dollar tag no parameter. */
const rules: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', space],
  ['comment', lineComment],
  ['string', escapeString],
  ['string', plainString],
  ['quoted', quotedName],
  ['word', word],
  ['parameter', parameter],
  ['number', number],
];

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const token = tokenAt(text, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

/** Without spaces and comments. */
export function meaningful(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ kind }) => kind !== 'space' && kind !== 'comment');
}

/** The statements of a text, each without its semicolon; empty ones are none. */
export function splitStatements(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const [index, token] of tokens.entries()) {
    if (token.text === ';' && !insideBody(tokens, index)) statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter((statement) => meaningful(statement).length > 0);
}

/** A name as PostgreSQL folds it: quoted as it stands, else in lower case. */
export function nameOf({ kind, text }: Token): string {
  if (kind !== 'quoted') return text.toLowerCase();
  return text
    .replace(/^[uU]&/, '')
    .slice(1, -1)
    .replaceAll('""', '"');
}

/** Whether this token is that unquoted word. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase());
}

function tokenAt(text: string, at: number): Token {
  if (text.startsWith('/*', at)) return { kind: 'comment', text: blockComment(text, at), at };
  for (const [kind, rule] of rules) {
    const found = matchAt(rule, text, at);
    if (found !== undefined) return { kind, text: found, at };
  }
  const tag = matchAt(dollarTag, text, at);
  if (tag !== undefined) {
    const end = text.indexOf(tag, at + tag.length);
    const until = end < 0 ? text.length : end + tag.length;
    return { kind: 'dollar', text: text.slice(at, until), at };
  }
  return { kind: 'symbol', text: operatorAt(text, at), at };
}

/** An operator ends where a comment begins. */
function operatorAt(text: string, at: number): string {
  const found = matchAt(symbol, text, at) ?? text.slice(at, at + 1);
  const comment = found.search(/--|\/\*/);
  return comment > 0 ? found.slice(0, comment) : found;
}

function matchAt(rule: RegExp, text: string, at: number): string | undefined {
  rule.lastIndex = at;
  return rule.exec(text)?.[0];
}

function blockComment(text: string, at: number): string {
  let depth = 0;
  for (let here = at; here < text.length; here++) {
    if (text.startsWith('/*', here)) {
      depth++;
      here++;
    } else if (text.startsWith('*/', here)) {
      here++;
      if (--depth === 0) return text.slice(at, here + 1);
    }
  }
  return text.slice(at);
}

/** `BEGIN ATOMIC … END` of a SQL function holds semicolons of its own; parentheses do in rules. */
function insideBody(tokens: readonly Token[], index: number): boolean {
  let depth = 0;
  let atomic = 0;
  let cases = 0;
  for (let here = 0; here < index; here++) {
    const token = tokens[here] as Token;
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    else if (isWord(token, 'ATOMIC')) atomic++;
    else if (isWord(token, 'CASE')) cases++;
    else if (isWord(token, 'END') && cases > 0) cases--;
    else if (isWord(token, 'END') && atomic > 0) atomic--;
  }
  return depth > 0 || atomic > 0;
}
