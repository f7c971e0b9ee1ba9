/**
 * Words of the notation: what is quoted, what separates, how a text is cut into tokens. Reading is
 * lenient about the separator, for `·` is hard to type; writing is not. The grammar is in parse.ts,
 * the printing in notation.ts.
 */

/** What reading a person's text gives: trouble is a value, with one correct example beside it. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly sentence: string; readonly example: string };

export type Token =
  | { readonly kind: 'word' | 'quoted'; readonly text: string }
  | { readonly kind: 'ordinal'; readonly number: number }
  | { readonly kind: 'separator' | '(' | ')' | ',' };

/** Words with a meaning of their own; a name that equals one is quoted. */
const reserved = new Set([
  'at',
  'after',
  'before',
  'command',
  'in',
  'rest',
  'start',
  'to',
  'until',
]);

const plain = /^[\p{L}\p{N}_][\p{L}\p{N}_./:@+=-]*$/u;

const separators = new Set(['-', '–', '—', '.', '*', '|', '•', '·']);

/**
 * A name as it stands in the notation: bare where nothing can be mistaken, as a JSON string
 * otherwise.
 */
export function printName(name: string): string {
  return plain.test(name) && !reserved.has(name) ? name : JSON.stringify(name);
}

const token = /\s*(?:("(?:[^"\\]|\\.)*")|([·•(),])|([^\s·•(),"]+))/uy;

/** Cuts a text into tokens; a sentence when a quote does not close. */
export function readTokens(text: string): readonly Token[] | string {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  let from = 0;
  while (text.slice(from).trim() !== '') {
    token.lastIndex = from;
    const match = token.exec(text);
    if (match === null) return `The quote that opens at ${text.slice(from).trim()} does not close.`;
    from = token.lastIndex;
    const next = toToken(match[1], match[2], match[3] ?? '');
    if (typeof next === 'string') return next;
    const repeated = next.kind === 'separator' && tokens.at(-1)?.kind === 'separator';
    if (!repeated) tokens.push(next);
  }
  return tokens;
}

function toToken(
  quoted: string | undefined,
  mark: string | undefined,
  word: string,
): Token | string {
  if (quoted !== undefined) return unquote(quoted);
  if (mark === '(' || mark === ')' || mark === ',') return { kind: mark };
  if (mark !== undefined || separators.has(word)) return { kind: 'separator' };
  return /^#\d+$/.test(word)
    ? { kind: 'ordinal', number: Number(word.slice(1)) }
    : { kind: 'word', text: word };
}

function unquote(quoted: string): Token | string {
  try {
    return { kind: 'quoted', text: JSON.parse(quoted) as string };
  } catch {
    return `${quoted} is not a JSON string.`;
  }
}

export function printToken(next: Token | undefined): string {
  if (next === undefined) return 'the end';
  if (next.kind === 'word') return `“${next.text}”`;
  if (next.kind === 'quoted') return JSON.stringify(next.text);
  if (next.kind === 'ordinal') return `“#${next.number}”`;
  return next.kind === 'separator' ? '“·”' : `“${next.kind}”`;
}

/** The candidate that is at most two slips away; for "did you mean". */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const [best] = ranked(word, candidates);
  return best !== undefined && best.slips <= 2 ? best.candidate : undefined;
}

/** The most alike first, however far they are. */
export function nearestFew(
  word: string,
  candidates: readonly string[],
  count: number,
): readonly string[] {
  return ranked(word, candidates)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

function ranked(word: string, candidates: readonly string[]) {
  return candidates
    .map((candidate) => ({ candidate, slips: slipsBetween(word, candidate) }))
    .toSorted((a, b) => a.slips - b.slips);
}

function slipsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const swap = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
