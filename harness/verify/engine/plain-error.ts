/** Errors across processes: a Failure keeps its code and what its class adds, everything else is our trouble. */
import { Failure, type FailureCode } from '#kernel';

export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code: FailureCode | undefined;
  /** Own fields of a Failure's subclass (file, line, …). */
  readonly detail: Readonly<Record<string, unknown>>;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), stack: '', code: undefined, detail: {} };
  }
  const { name, message, stack = '' } = error;
  const code = error instanceof Failure ? error.code : undefined;
  const detail = Object.fromEntries(
    Object.entries(error).filter(([key]) => key !== 'code' && key !== 'name'),
  );
  return { name, message, stack, code, detail };
}

export function revived({ name, message, stack, code, detail }: PlainError): Error {
  const error = code === undefined ? new Error(message) : new Failure(code, message);
  return Object.assign(error, detail, { stack, ...(code === undefined && { name }) });
}
