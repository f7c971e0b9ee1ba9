/** The shape of a row of docs/learner-code.md. */
export interface Row {
  /** What the code does, as the document says it. */
  readonly does: string;
  /** `greeter.ts`. */
  readonly code: string;
  /** Files beside it. */
  readonly files?: Readonly<Record<string, string>>;
  /** The sentence and what it advises, to the letter; left out = it holds and says nothing of it. */
  readonly reads?: string;
  /** 0 holds, 1 broken, 3 unknown, 4 does not load. */
  readonly exit: 0 | 1 | 3 | 4;
  /** Places that are shown with their neighbours. */
  readonly shows?: readonly string[];
}
