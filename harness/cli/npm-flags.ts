/**
 * `npm test 15 --seed 7` reaches us as `15 7`: npm keeps the flags for itself and leaves a trace of
 * them in the environment. From both the command that was meant can be told, so that it is said and
 * never something else run. Flags that npm swallows without a trace (it does for some at the end of
 * the line) cannot be seen.
 */
import { options, quote, type Misuse } from './arguments.ts';

export function mangledByNpm(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Misuse | undefined {
  const [chapter, ...extra] = argv.filter((word) => !word.startsWith('-'));
  const flags = argv.filter((word) => word.startsWith('-'));
  const swallowed = Object.keys(options).filter((name) => isSwallowed(name, argv, env));
  if (swallowed.length === 0 && (extra.length === 0 || flags.length > 0 || chapter === 'reset')) {
    return undefined;
  }
  const left = [...extra];
  const words = swallowed.flatMap((name) => restore(name, env[`npm_config_${name}`] ?? '', left));
  // A number that nothing asked for: the flag left no trace, and --seed is what mostly has one.
  if (swallowed.length === 0) words.push(`--seed ${quote(left.shift())}`);
  const rest = [...words, ...flags].join(' ');
  return {
    kind: 'misuse',
    sentence: 'npm keeps options for itself, so they do not reach the check. Ask it directly:',
    example: `npx crash ${quote(chapter ?? '1')} ${rest}`.trim(),
  };
}

function isSwallowed(
  name: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const value = env[`npm_config_${name}`];
  // `json` is an option of npm's own that may stand in anybody's .npmrc.
  const npmsOwn = name === 'json' && argv.length === 0;
  return value !== undefined && value !== '' && value !== 'false' && !npmsOwn;
}

/** One flag as it was meant; values that npm cut off stand among the words that reached us. */
function restore(name: string, trace: string, left: string[]): string[] {
  const option = options[name];
  if (!option?.sample) return [`--${name}`];
  return trace.split('\n\n').map((value) => {
    if (value !== 'true') return `--${name} ${quote(value)}`;
    const at = left.findIndex((word) => option.wrong?.(word) === undefined);
    const [found] = at === -1 ? [] : left.splice(at, 1);
    return `--${name} ${found === undefined ? option.sample : quote(found)}`;
  });
}
