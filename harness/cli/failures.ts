/**
 * What ends a check without a verdict, shown for what it is: their mistake, their code, or our
 * trouble.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { inspect } from 'node:util';
import { Failure, type FailureCode } from '#kernel';
import type { Excerpt } from '#verify';
import {
  renderDoesNotLoad,
  renderTrouble,
  renderUncontrolled,
  renderUsage,
} from './story/trouble.ts';
import { terminal } from './terminal.ts';
import type { ExitCode } from './main.ts';

export interface FailureContext {
  readonly json: boolean;
  /** Where the learner's files are, later ones first in line. */
  readonly folders: readonly string[];
  /** What the command was about, for the example. */
  readonly chapter?: string;
}

export const exitCodes: Readonly<Record<FailureCode, ExitCode>> = {
  USAGE: 2,
  DOES_NOT_LOAD: 4,
  UNCONTROLLED: 3,
  PORT_BUSY: 2,
  NO_BROKER: 5,
  NO_DATABASE: 5,
  TROUBLE: 5,
};

export function reportFailure(error: unknown, context: FailureContext): ExitCode {
  const { json } = context;
  const failure = error instanceof Failure ? error : undefined;
  const code = failure?.code ?? 'TROUBLE';
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(textOf(code, message, error, context));
  if (json) {
    process.stdout.write(`${JSON.stringify({ version: 1, failure: { code, message } })}\n`);
  }
  return exitCodes[code];
}

function textOf(
  code: FailureCode,
  message: string,
  error: unknown,
  { folders, chapter }: FailureContext,
): string {
  const screen = terminal(process.stderr);
  switch (code) {
    case 'USAGE':
      return renderUsage(...usageOf(message, chapter), screen);
    case 'DOES_NOT_LOAD':
      return renderDoesNotLoad(message, excerptFor(message, folders), screen);
    case 'UNCONTROLLED':
      return renderUncontrolled(message, screen);
    case 'PORT_BUSY':
    case 'NO_BROKER':
    case 'NO_DATABASE':
      return renderUsage(message, 'npx crash --help', screen);
    case 'TROUBLE':
      return renderTrouble(message, saveTrouble(error), screen);
  }
}

/** Some sentences bring their own example, or name the chapter that was meant. */
function usageOf(
  message: string,
  chapter: string | undefined,
): [sentence: string, example: string] {
  const own = /^(.*?)\s*Example: (--.*)$/s.exec(message);
  if (own) return [own[1] ?? message, `npx crash ${chapter ?? '1'} ${own[2]}`];
  const meant = /Did you mean (\d+) ·/.exec(message)?.[1] ?? chapter;
  return [message, meant === undefined ? 'npx crash --help' : `npx crash ${meant}`];
}

/** `projector.ts:21 …` names the place; the lines around it are read where the check read them. */
export function excerptFor(message: string, folders: readonly string[]): Excerpt | undefined {
  if (message.trim().includes('\n')) return undefined;
  const match = /(?:^|\s)([\w@./-]+\.[cm]?[jt]sx?):(\d+)/.exec(message);
  const [, file = '', digits] = match ?? [];
  const line = Number(digits);
  for (const folder of folders.toReversed()) {
    const lines = readLines(resolve(folder, file));
    if (!lines || line < 1 || line > lines.length) continue;
    const from = Math.max(1, line - 2);
    return { file, line, from, text: lines.slice(from - 1, line + 2) };
  }
  return undefined;
}

function readLines(path: string): string[] | undefined {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch {
    return undefined;
  }
}

/** What a report to us needs; the screen shows none of it. */
function saveTrouble(error: unknown): string | undefined {
  try {
    mkdirSync('.crashproof', { recursive: true });
    const path = join(
      '.crashproof',
      `trouble-${new Date().toISOString().replace(/\W/g, '-')}.json`,
    );
    const detail = {
      version: 1,
      message: error instanceof Error ? error.message : String(error),
      stack: error instanceof Error ? error.stack : undefined,
      cause: error instanceof Error && error.cause ? inspect(error.cause) : undefined,
      command: process.argv.slice(2),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
    };
    writeFileSync(path, `${JSON.stringify(detail, undefined, 2)}\n`);
    return relative(process.cwd(), resolve(path));
  } catch {
    // A read-only folder must not hide the trouble itself.
    return undefined;
  }
}
