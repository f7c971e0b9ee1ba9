/**
 * Names what a statement does that virtual time and replay cannot hold: such a run is unknown, and the sentence says
 * why. Only the text is judged; a value bound as 'now' to a timestamp parameter is not seen.
 */
import { literalValues } from './parameters.ts';
import { isWord, meaningful, nameOf, splitStatements, tokensOf, type Token } from './tokens.ts';

interface Rule {
  applies(statement: readonly Token[]): boolean;
  readonly sentence: string;
}

const outside = (what: string): string => `${what} leaves the database, where nothing is simulated`;

const rules: readonly Rule[] = [
  {
    applies: (tokens) => setsSearchPath(tokens),
    sentence:
      'a search_path without sim before pg_catalog brings back the real clock and real randomness',
  },
  {
    applies: (tokens) =>
      isWord(tokens[0], 'COPY') && tokens.some((token) => isWord(token, 'PROGRAM')),
    sentence: outside('COPY … PROGRAM'),
  },
  {
    applies: (tokens) => copiesAFile(tokens),
    sentence: outside('COPY from or to a file of the server'),
  },
  { applies: (tokens) => calls(tokens, /^dblink/), sentence: outside('dblink') },
  {
    applies: (tokens) => calls(tokens, /^(lo_import|lo_export|pg_read_file|pg_ls_dir)$/),
    sentence: outside('a function on files of the server'),
  },
  {
    applies: (tokens) => begins(tokens, 'CREATE', 'SERVER') || begins(tokens, 'CREATE', 'FOREIGN'),
    sentence: outside('a foreign server'),
  },
  {
    applies: (tokens) => begins(tokens, 'CREATE', 'SUBSCRIPTION'),
    sentence: outside('a subscription'),
  },
  { applies: (tokens) => isWord(tokens[0], 'LOAD'), sentence: 'LOAD brings code that nobody sees' },
  {
    applies: (tokens) =>
      begins(tokens, 'ALTER', 'SYSTEM') || calls(tokens, /^pg_(reload_conf|rotate_logfile)$/),
    sentence: "the server's own settings belong to the simulation",
  },
  {
    applies: (tokens) => calls(tokens, /^pg_(terminate|cancel)_backend$/),
    sentence: 'signals to other server sessions arrive in real time',
  },
  {
    applies: (tokens) => callsRealClock(tokens),
    sentence: 'a function called as pg_catalog.… reads the real clock or real randomness',
  },
  {
    applies: (tokens) =>
      tokens.some((token) => isWord(token, 'TABLESAMPLE')) &&
      !tokens.some((token) => isWord(token, 'REPEATABLE')),
    sentence: 'TABLESAMPLE without REPEATABLE draws real randomness',
  },
  {
    applies: (tokens) => wordsOfTime(tokens),
    sentence: "the special values 'now', 'today', 'tomorrow' and 'yesterday' read the real clock",
  },
];

/** Words without which no rule applies: whoever has none of them need not be read. */
const suspicious = new RegExp(
  'search_path|pg_catalog|copy|dblink|lo_(im|ex)port|server|foreign|subscription|load|system|' +
    "tablesample|pg_(read|ls|reload|rotate|terminate|cancel)|'\\s*(now|to|yester)",
  'i',
);

export function mayBeUncontrolled(text: string): boolean {
  return suspicious.test(text);
}

/** A sentence for each thing in this text that cannot be controlled. */
export function uncontrolledIn(text: string): string[] {
  if (!mayBeUncontrolled(text)) return [];
  const statements = splitStatements(tokensOf(text)).map(meaningful);
  return rules
    .filter(({ applies }) => statements.some((statement) => applies(statement)))
    .map(({ sentence }) => sentence);
}

function begins(tokens: readonly Token[], ...words: readonly string[]): boolean {
  return words.every((word, index) => isWord(tokens[index], word));
}

function calls(tokens: readonly Token[], name: RegExp): boolean {
  return tokens.some(
    (token, index) =>
      (token.kind === 'word' || token.kind === 'quoted') &&
      tokens[index + 1]?.text === '(' &&
      name.test(nameOf(token)),
  );
}

const realFunctions = new Set([
  'now',
  'clock_timestamp',
  'statement_timestamp',
  'transaction_timestamp',
  'timeofday',
  'random',
  'gen_random_uuid',
  'uuidv4',
  'uuidv7',
  'pg_sleep',
  'pg_sleep_for',
  'pg_sleep_until',
]);

function callsRealClock(tokens: readonly Token[]): boolean {
  return tokens.some(
    (token, index) =>
      realFunctions.has(nameOf(token)) &&
      tokens[index - 1]?.text === '.' &&
      isWord(tokens[index - 2], 'PG_CATALOG'),
  );
}

function setsSearchPath(tokens: readonly Token[]): boolean {
  const at = tokens.findIndex(
    (token) => nameOf(token) === 'search_path' || token.text === "'search_path'",
  );
  if (at < 0) return false;
  const isSetting =
    isWord(tokens[0], 'SET', 'ALTER', 'CREATE') || calls(tokens.slice(0, at), /^set_config$/);
  if (!isSetting || isWord(tokens[at + 1], 'FROM') || isWord(tokens[at + 2], 'DEFAULT')) {
    return false;
  }
  const path = tokens
    .slice(at + 1)
    .flatMap((token) =>
      token.kind === 'string'
        ? (literalValues(token.text)[0] ?? '').split(/\s*,\s*/)
        : nameOf(token),
    );
  const sim = path.indexOf('sim');
  const catalog = path.indexOf('pg_catalog');
  return sim < 0 || catalog < sim;
}

/** COPY whose far side is a string and not STDIN or STDOUT. */
function copiesAFile(tokens: readonly Token[]): boolean {
  if (!isWord(tokens[0], 'COPY')) return false;
  let depth = 0;
  return tokens.some((token, index) => {
    if (token.text === '(') depth++;
    if (token.text === ')') depth--;
    return depth === 0 && isWord(token, 'FROM', 'TO') && tokens[index + 1]?.kind === 'string';
  });
}

const timeTypes = ['TIMESTAMP', 'TIMESTAMPTZ', 'DATE', 'TIME', 'TIMETZ'];

function wordsOfTime(tokens: readonly Token[]): boolean {
  return tokens.some((token, index) => {
    if (token.kind !== 'string') return false;
    if (!/^'\s*(now|today|tomorrow|yesterday)\s*'$/i.test(token.text)) return false;
    const cast = tokens[index + 1]?.text === '::' || isWord(tokens[index + 1], 'AS');
    return (
      (cast && isWord(tokens[index + 2], ...timeTypes)) ||
      isWord(tokens[index - 1], ...timeTypes, 'ZONE')
    );
  });
}
