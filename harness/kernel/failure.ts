/**
 * Operating errors: the program is right, the surroundings are not. The code says what a caller may do about it;
 * the message is a sentence for a person, with one step to take.
 */
export type FailureCode =
  | 'USAGE' // the command cannot mean anything: exit 2
  | 'DOES_NOT_LOAD' // the learner's code does not compile or load: exit 4
  | 'UNCONTROLLED' // the learner's code does what the simulation cannot replay: unknown, exit 3
  | 'PORT_BUSY'
  | 'NO_BROKER'
  | 'NO_DATABASE' // PostgreSQL does not start, or stopped: exit 5
  | 'TROUBLE'; // ours: exit 5

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  constructor(code: FailureCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
