/** Our own bugs are loud: an invariant that does not hold ends the program with a sentence. */
export function invariant(holds: unknown, sentence: string): asserts holds {
  if (!holds) throw new InvariantError(sentence);
}

/** A bug of the workbench itself, never of a learner. Shown with exit code 5. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** For the end of an exhaustive `switch`. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected ${JSON.stringify(value)}`);
}
