/**
 * `npm run chapter check [name]`: is a chapter whole, and does it prove what it says? `new` is not
 * there yet.
 */
import { misused, runAndExit, type ExitCode } from './main.ts';

async function chapter(argv: readonly string[]): Promise<ExitCode> {
  const [action, name, ...others] = argv;
  if (action === 'new') {
    const sentence = 'npm run chapter new is not there yet.';
    return misused({ kind: 'misuse', sentence, example: 'npm run chapter check' });
  }
  if (action !== 'check' || others.length > 0 || name?.startsWith('-')) {
    const sentence =
      action === 'check' ? 'Check one chapter, or all of them.' : 'What about the chapter?';
    return misused({ kind: 'misuse', sentence, example: 'npm run chapter check 1' });
  }
  const { gate } = await import('./gate.ts');
  return gate(name);
}

await runAndExit(() => chapter(process.argv.slice(2)));
