/**
 * `--watch`: checks again at every save and shows only the latest result. A save while a check runs
 * ends that check; what it would have said is never shown.
 */
import { watch, type FSWatcher } from 'node:fs';
import { relative } from 'node:path';
import type { ExitCode } from './main.ts';
import { terminal } from './terminal.ts';

/** Editors write a file in several steps; this long after the last one it is whole. */
const settleMs = 60;

export async function watchCommand(
  folders: readonly string[],
  check: (signal: AbortSignal) => Promise<ExitCode>,
): Promise<ExitCode> {
  let current = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    current.abort();
    const mine = new AbortController();
    current = mine;
    const before = running;
    running = before.then(async () => {
      if (mine.signal.aborted) return;
      clearScreen();
      await check(mine.signal);
      if (!mine.signal.aborted) process.stdout.write(`\n${footer(folders)}\n`);
    });
  };
  const watchers = folders.map((folder) =>
    watchFolder(folder, () => {
      clearTimeout(timer);
      timer = setTimeout(again, settleMs);
    }),
  );
  again();
  await untilQuit();
  current.abort();
  clearTimeout(timer);
  for (const watcher of watchers) watcher.close();
  return 0;
}

function watchFolder(folder: string, changed: () => void): FSWatcher {
  return watch(folder, { recursive: true }, (_event, name) => {
    // Editors' own files: `.greeter.ts.swp`, `greeter.ts~`, `4913`.
    if (name === null || /\.([cm]?[jt]sx?|json|sql)$/.test(name)) changed();
  });
}

function footer(folders: readonly string[]): string {
  const names = folders.map((folder) => relative(process.cwd(), folder) || folder);
  return `watching ${names.join(' and ')} · q ends`;
}

/** Scrolls away what was there: only the latest result is on the screen. */
function clearScreen(): void {
  if (terminal().live) process.stdout.write('\u001b[2J\u001b[3J\u001b[H');
}

/** q, ctrl-c, ctrl-d: in raw mode the last two are characters. */
const endKeys: ReadonlySet<string> = new Set(['q', 'Q', '\u0003', '\u0004']);

/** `q` or ctrl-c on a terminal; elsewhere the end of the input does nothing, a signal ends it. */
function untilQuit(): Promise<void> {
  return new Promise((resolve) => {
    const { stdin } = process;
    if (!stdin.isTTY) return;
    stdin.setRawMode(true);
    stdin.on('data', (keys) => {
      if (![...endKeys].some((key) => String(keys).includes(key))) return;
      stdin.setRawMode(false);
      stdin.pause();
      resolve();
    });
  });
}
