/** From errors and stacks to the learner's own lines. */
import type { SourceLine } from '#check';
import type { Loader, World } from './world.ts';

export function firstLearnerLine(world: World, stack: string | undefined): SourceLine | undefined {
  return stack === undefined ? undefined : world.loader.lineOf(stack);
}

export function lineOfError(loader: Loader, error: unknown): SourceLine | undefined {
  return error instanceof Error && error.stack !== undefined
    ? loader.lineOf(error.stack)
    : undefined;
}

/** `TypeError: Cannot read properties of undefined`; `"a string"` for what is no Error. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return typeof error === 'string' ? JSON.stringify(error) : String(error);
}

/** An error whose stack reaches down to the learner's code through whatever called it. */
export function deepError(message: string): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const error = new Error(message);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}
