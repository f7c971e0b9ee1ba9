/**
 * A learner's file that does not compile or load, in the learner's terms: which file, which line,
 * what to do. Translates what esbuild reports; what it does not know keeps esbuild's own words.
 */
import { basename, relative } from 'node:path';
import type { Message } from 'esbuild';
import { Failure, type FailureCode } from '#kernel';

/** Where and why, for the view that shows the five lines around it. */
export interface LoadProblem {
  /** Relative to the project. Absent when no line is known. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** The sentence after `projector.ts:21`. */
  readonly text: string;
}

export class LoadFailure extends Failure {
  readonly problem: LoadProblem;
  constructor(problem: LoadProblem, code: FailureCode = 'DOES_NOT_LOAD') {
    super(code, sentenceOf(problem));
    this.problem = problem;
  }
}

function sentenceOf({ file, line, text }: LoadProblem): string {
  if (file === undefined) return text;
  return `${basename(file)}${line === undefined ? '' : `:${line}`} ${text}`;
}

/** What our own plugins attach to an error, so that nothing has to be read out of a sentence. */
export interface ProblemDetail {
  readonly crashproof: { readonly text: string; readonly code?: FailureCode };
}

/** The first problem that esbuild found. */
export function loadFailure(messages: readonly Message[], projectRoot: string): LoadFailure {
  const message = messages[0];
  if (message === undefined) return new LoadFailure({ text: 'The code does not compile.' });
  const detail = message.detail as ProblemDetail | undefined;
  const known = detail?.crashproof;
  return new LoadFailure(
    { ...placeOf(message, projectRoot), text: known?.text ?? inLearnersTerms(message) },
    known?.code,
  );
}

function placeOf(message: Message, projectRoot: string): Omit<LoadProblem, 'text'> {
  const { location } = message;
  if (location === null) return {};
  const file = location.file.startsWith('/') ? relative(projectRoot, location.file) : location.file;
  return { file, line: location.line, column: location.column + 1 };
}

const translations: readonly (readonly [RegExp, (match: RegExpMatchArray) => string])[] = [
  [
    /^Top-level await is .*not supported/,
    () =>
      'awaits outside a function: move it into the function that starts the service, ' +
      'which runs for every process.',
  ],
  [
    /contains a top-level await/,
    () =>
      'awaits outside a function: move it into the function that starts the service, ' +
      'which runs for every process.',
  ],
  [
    /^No matching export in "(.*)" for import "(.*)"$/,
    ([, file = '', name]) => `imports ${name} from ${basename(file)}, which does not export it.`,
  ],
  [/^Could not resolve "(.*)"$/, ([, path]) => `imports ${path}, which does not exist.`],
];

function inLearnersTerms(message: Message): string {
  for (const [pattern, says] of translations) {
    const match = pattern.exec(message.text);
    if (match) return says(match);
  }
  return `does not compile: ${message.text}${/[.!?]$/.test(message.text) ? '' : '.'}`;
}
