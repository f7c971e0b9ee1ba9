/**
 * The command line as data. Every mistake gives one sentence and one right example; nothing is
 * guessed and run. Values are checked for their shape only: whether a chapter, a saved schedule or
 * a fault exists is for those who know them.
 */
import { parseArgs } from 'node:util';
import type { Level } from '#kit';
import type { Milliseconds } from '#kernel';

export interface CheckOptions {
  readonly watch: boolean;
  readonly full: boolean;
  readonly calm: boolean;
  readonly plain: boolean;
  readonly solution: boolean;
  readonly json: boolean;
  readonly replay?: string;
  readonly seed?: number;
  readonly runs?: number;
  readonly budgetMs?: Milliseconds;
  readonly level?: Level;
  readonly faults: readonly string[];
  readonly from: readonly string[];
  readonly coverage: boolean;
  readonly verify: boolean;
  readonly sarif?: string;
  readonly debug: boolean;
  readonly back: number;
  readonly world: 'simulated' | 'live';
  readonly broker?: string;
}

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'check'; readonly chapter: string; readonly options: CheckOptions }
  | { readonly kind: 'reset'; readonly chapter: string };

export interface Misuse {
  readonly kind: 'misuse';
  readonly sentence: string;
  readonly example: string;
}

interface Option {
  /** How a value looks in an example; absent = a switch. */
  readonly sample?: string;
  readonly many?: true;
  /** What is wrong with a value, as the end of "--seed …". */
  readonly wrong?: (value: string) => string | undefined;
  readonly says: string;
}

const whole = (value: string): string | undefined =>
  /^\d{1,10}$/.test(value) && Number(value) < 2 ** 32 ? undefined : 'takes a whole number';

/** Every option there is, in the order of the help. */
export const options: Readonly<Record<string, Option>> = {
  watch: { says: 'check again at every save; q ends' },
  level: {
    sample: '2',
    wrong: (value) => (/^[123]$/.test(value) ? undefined : 'takes 1, 2 or 3'),
    says: "how harsh: 1, 2 or 3 (default: the chapter's)",
  },
  replay: { sample: 'k3', says: 'only this saved schedule' },
  coverage: { says: 'what dying before, during and after each of your calls does' },
  verify: { says: 'with --coverage: run every ✗ again and compare' },
  sarif: {
    sample: 'crash.sarif',
    says: 'also write findings and ✗ to this file, for editors and CI',
  },
  debug: { says: 'with --replay or --fault: stop in a debugger at the call before the fault' },
  back: { sample: '1', wrong: whole, says: 'with --debug: so many calls earlier' },
  calm: { says: 'show the calm run beside it' },
  full: { says: 'every row and every line' },
  plain: { says: 'the table as sentences' },
  fault: {
    sample: "'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply'",
    many: true,
    says: 'only this, placed by hand; at most two',
  },
  seed: { sample: '7', wrong: whole, says: 'another random search (default: 42)' },
  runs: {
    sample: '1000',
    wrong: whole,
    says: 'so many random schedules (default: what the time allows)',
  },
  budget: {
    sample: '30s',
    wrong: (value) =>
      budgetMs(value) === undefined ? 'takes a time such as 30s or 2m' : undefined,
    says: 'so much time for all of it (default: 15s)',
  },
  solution: { says: 'judge the solution instead of the exercise' },
  from: { sample: '../mine', many: true, says: 'files of this folder go over the exercise' },
  world: {
    sample: 'live',
    wrong: (value) => (/^(simulated|live)$/.test(value) ? undefined : 'is simulated or live'),
    says: 'simulated (default) or live',
  },
  broker: { sample: 'localhost:9092', says: 'with --world live: which broker' },
  json: { says: 'print one JSON object and nothing else' },
  help: { says: 'this text' },
};

/** `30s`, `500ms`, `2m`; a bare number is seconds. */
function budgetMs(text: string): Milliseconds | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  if (!match) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000 }[match[2] ?? 's'] ?? 1000;
  const ms = Math.round(Number(match[1]) * unit);
  return ms > 0 ? ms : undefined;
}

/** `suggest` finds what a mistyped name was meant to be. */
export function parseArguments(
  argv: readonly string[],
  suggest: (word: string, known: readonly string[]) => string | undefined = () => undefined,
): Command | Misuse {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { sample }]) => [
        name,
        { type: sample ? ('string' as const) : ('boolean' as const), multiple: true },
      ]),
    ),
  });
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const chapter = (words[0] === 'reset' ? words[1] : words[0]) ?? '1';
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const trouble = optionTrouble(token, chapter, suggest);
    if (trouble) return trouble;
    given.set(token.name, [...(given.get(token.name) ?? []), token.value ?? 'true']);
  }
  for (const [name, values] of given) {
    if (values.length > 1 && !options[name]?.many && options[name]?.sample) {
      return misuse(`--${name} was given twice.`, chapter, `--${name} ${values.at(-1)}`);
    }
  }
  return given.has('help') ? { kind: 'help' } : command(words, given, chapter);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function optionTrouble(
  { name, rawName, value, inlineValue }: OptionToken,
  chapter: string,
  suggest: (word: string, known: readonly string[]) => string | undefined,
): Misuse | undefined {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (!option) {
    const meant = suggest(name, Object.keys(options));
    const sample = meant ? ` ${options[meant]?.sample ?? ''}`.trimEnd() : '';
    return meant
      ? misuse(
          `There is no option ${rawName}; did you mean --${meant}?`,
          chapter,
          `--${meant}${sample}`,
        )
      : { kind: 'misuse', sentence: `There is no option ${rawName}.`, example: 'npx crash --help' };
  }
  if (!option.sample) {
    return inlineValue ? misuse(`--${name} takes no value.`, chapter, `--${name}`) : undefined;
  }
  const right = `--${name} ${option.sample}`;
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('--'))) {
    return misuse(`--${name} needs a value.`, chapter, right);
  }
  const wrong = option.wrong?.(value);
  return wrong ? misuse(`--${name} ${wrong}, not ${value}.`, chapter, right) : undefined;
}

function command(
  words: readonly string[],
  given: ReadonlyMap<string, readonly string[]>,
  chapter: string,
): Command | Misuse {
  if (words[0] === 'reset') return resetCommand(words.slice(1), given);
  const [first, ...others] = words;
  if (first === undefined) {
    return given.size === 0 ? { kind: 'help' } : misuse('Which chapter?', '1', example(given));
  }
  if (others.length > 0) {
    return misuse(
      `One chapter at a time: ${first}, or ${others.join(' ')}?`,
      first,
      example(given),
    );
  }
  const options = checkOptions(given);
  const conflict = conflictOf(options, given);
  return conflict ? misuse(conflict[0], chapter, conflict[1]) : { kind: 'check', chapter, options };
}

function resetCommand(
  words: readonly string[],
  given: ReadonlyMap<string, readonly string[]>,
): Command | Misuse {
  const [chapter, ...others] = words;
  if (chapter === undefined || others.length > 0 || given.size > 0) {
    const sentence =
      chapter === undefined ? 'Reset which chapter?' : 'Reset takes one chapter and no options.';
    return { kind: 'misuse', sentence, example: `npx crash reset ${chapter ?? '1'}` };
  }
  return { kind: 'reset', chapter };
}

function checkOptions(given: ReadonlyMap<string, readonly string[]>): CheckOptions {
  const one = (name: string): string | undefined => given.get(name)?.at(-1);
  const number = (name: string): Record<string, number> =>
    one(name) === undefined ? {} : { [name]: Number(one(name)) };
  const budget = budgetMs(one('budget') ?? '');
  const replay = one('replay');
  const broker = one('broker');
  const sarif = one('sarif');
  return {
    watch: given.has('watch'),
    full: given.has('full'),
    calm: given.has('calm'),
    coverage: given.has('coverage'),
    verify: given.has('verify'),
    debug: given.has('debug'),
    back: Number(one('back') ?? 0),
    ...(sarif !== undefined && { sarif }),
    plain: given.has('plain'),
    solution: given.has('solution'),
    json: given.has('json'),
    ...number('seed'),
    ...number('runs'),
    ...number('level'),
    ...(budget !== undefined && { budgetMs: budget }),
    ...(replay !== undefined && { replay }),
    faults: given.get('fault') ?? [],
    from: given.get('from') ?? [],
    world: one('world') === 'live' ? 'live' : 'simulated',
    ...(broker !== undefined && { broker }),
  };
}

type Conflict = readonly [sentence: string, example: string];

function conflictOf(
  options: CheckOptions,
  given: ReadonlyMap<string, readonly string[]>,
): Conflict | undefined {
  const { faults, replay, watch, json, broker, world, coverage, verify, calm, runs } = options;
  if (faults.length > 2)
    return ['Place at most two faults by hand.', `--fault ${quote(faults[0])}`];
  if (replay !== undefined && faults.length > 0) {
    return [
      'A saved schedule has its own faults: --replay or --fault, not both.',
      `--replay ${replay}`,
    ];
  }
  if (watch && json) return ['--json prints one object and --watch goes on: choose one.', '--json'];
  const wrong = debugConflict(options);
  if (wrong !== undefined) return wrong;
  if (verify && !coverage) return ['--verify goes with --coverage.', '--coverage --verify'];
  const other = replay !== undefined ? '--replay' : faults.length > 0 ? '--fault' : undefined;
  const against = other ?? (world === 'live' ? '--world live' : calm ? '--calm' : undefined);
  const single = other ?? (calm ? '--calm' : undefined);
  if (runs !== undefined && single !== undefined) {
    return [
      `${single} runs one schedule and searches nothing: it does not go with --runs.`,
      `--runs ${runs}`,
    ];
  }
  if (coverage && against !== undefined) {
    return [
      `--coverage tries every moment in simulation: it does not go with ${against}.`,
      '--coverage',
    ];
  }
  if (broker !== undefined && world !== 'live') {
    const live = given.has('world') ? 'the live world, not the simulated one' : '--world live';
    return [`--broker goes with ${live}.`, `--world live --broker ${broker}`];
  }
  return undefined;
}

function debugConflict({
  debug,
  back,
  replay,
  faults,
  watch,
  json,
  world,
}: Pick<CheckOptions, 'debug' | 'back' | 'replay' | 'faults' | 'watch' | 'json' | 'world'>):
  | Conflict
  | undefined {
  if (back > 0 && !debug)
    return ['--back goes with --debug.', `--replay k1 --debug --back ${back}`];
  if (!debug) return undefined;
  if (replay === undefined && faults.length === 0) {
    return ['--debug stops at a fault: say which.', '--replay k1 --debug'];
  }
  const other = watch ? '--watch' : json ? '--json' : world === 'live' ? '--world live' : undefined;
  return other === undefined
    ? undefined
    : [`--debug waits for somebody: it does not go with ${other}.`, '--replay k1 --debug'];
}

/** The options as they were given, for an example that keeps them. */
function example(given: ReadonlyMap<string, readonly string[]>): string {
  return [...given]
    .flatMap(([name, values]) =>
      values.map((value) => (options[name]?.sample ? `--${name} ${quote(value)}` : `--${name}`)),
    )
    .join(' ');
}

/** As a shell wants it. */
export function quote(value = ''): string {
  return /^[\w./:=@,+-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function misuse(sentence: string, chapter: string, rest: string): Misuse {
  return { kind: 'misuse', sentence, example: `npx crash ${quote(chapter)} ${rest}`.trim() };
}
