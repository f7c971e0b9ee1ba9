/**
 * One command from words to exit code. Imports lazily: help and mistakes cost nothing, and the
 * first red comes soon. Exit: 0 holds, 1 broken, 2 usage, 3 unknown, 4 does not compile or load, 5
 * trouble of ours.
 */
import { keepCompiled } from '#kernel';
import { parseArguments, type Misuse } from './arguments.ts';
import { terminal } from './terminal.ts';
import { watchParents } from './parent.ts';

export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5;

/** Runs to the end of the process: nothing that a check left open can keep it alive. */
export async function runAndExit(run: () => Promise<ExitCode>): Promise<never> {
  watchParents(() => process.exit(1));
  // 128 + the signal's number, as shells have it.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  // A closed pipe (`| head`) is the reader's wish, not trouble.
  process.stdout.on('error', () => process.exit(0));
  const code = await run().catch(explain);
  return await new Promise<never>(() => {
    process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
  });
}

async function explain(error: unknown): Promise<ExitCode> {
  const { reportFailure } = await import('./failures.ts');
  return reportFailure(error, { json: process.argv.includes('--json'), folders: [] });
}

export async function main(argv: readonly string[]): Promise<ExitCode> {
  keepCompiled();
  let command = parseArguments(argv);
  if (command.kind === 'misuse' && command.sentence.startsWith('There is no option')) {
    const { nearest } = await import('#schedule');
    command = parseArguments(argv, (word, known) => nearest(word, known));
  }
  switch (command.kind) {
    case 'help': {
      const { help } = await import('./help.ts');
      process.stdout.write(help());
      return 0;
    }
    case 'misuse':
      return misused(command, argv.includes('--json'));
    case 'reset': {
      const { reset } = await import('./reset.ts');
      return reset(command.chapter);
    }
    case 'check': {
      const { checkCommand } = await import('./check.ts');
      return checkCommand(command);
    }
  }
}

/**
 * One sentence and one right example, on stderr; with `--json` also as the one object on stdout.
 */
export async function misused({ sentence, example }: Misuse, json = false): Promise<2> {
  const { renderUsage } = await import('./story/trouble.ts');
  process.stderr.write(renderUsage(sentence, example, terminal(process.stderr)));
  if (json) {
    const failure = { code: 'USAGE', message: sentence, example };
    process.stdout.write(`${JSON.stringify({ version: 1, failure })}\n`);
  }
  return 2;
}
