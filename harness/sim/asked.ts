/**
 * Whether a call's arguments ask for an operation: a statement with its parameters, or a topic with
 * a record. Only looks at own, plain properties, so that nothing of the learner's runs.
 */
import { types } from 'node:util';

/** What an operation is about, as far as a caller could have named it. */
export interface Asked {
  readonly topics: readonly string[];
  /** SQL as the client sent it. */
  readonly statement?: string | undefined;
  /** In their text form; null for NULL, undefined for what is not text. */
  readonly parameters?: readonly (string | null | undefined)[] | undefined;
  /** Of an operation that carries records: whether it carries this one. */
  readonly carries?: ((topic: string, message: Message) => boolean) | undefined;
}

export interface Message {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export function asksFor(asked: Asked, args: readonly unknown[]): boolean {
  return asked.statement === undefined ? asksForTopic(asked, args) : asksForQuery(asked, args);
}

/** `query(text, values)` and `query({ text, values })`. */
function asksForQuery({ statement, parameters = [] }: Asked, args: readonly unknown[]): boolean {
  const [first, second] = args;
  const text = typeof first === 'string' ? first : own(first, 'text');
  if (typeof text !== 'string' || text.trim() !== statement?.trim()) return false;
  const given = Array.isArray(second) ? second : own(first, 'values');
  const values: readonly unknown[] = Array.isArray(given) ? given : [];
  return (
    values.length === parameters.length && values.every((value, n) => like(value, parameters[n]))
  );
}

/** What a driver turns into text in its own way (dates, objects) is taken to be the same. */
function like(value: unknown, parameter: string | null | undefined): boolean {
  if (value === null || value === undefined) return parameter === null;
  if (parameter === undefined) return true;
  if (typeof value === 'string') return value === parameter;
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  return !isPlain && typeof value !== 'bigint' ? true : String(value) === parameter;
}

/** `send({ topic, messages })`, `sendBatch({ topicMessages })`, `commitOffsets([{ topic, … }])`. */
function asksForTopic({ topics, carries }: Asked, [first]: readonly unknown[]): boolean {
  const batch = own(first, 'topicMessages');
  const parts = Array.isArray(first) ? first : Array.isArray(batch) ? batch : [first];
  return parts.some((part) => {
    const topic = own(part, 'topic');
    if (typeof topic !== 'string' || !topics.includes(topic)) return false;
    const messages = own(part, 'messages');
    if (carries === undefined || !Array.isArray(messages)) return true;
    return messages.some((message) => {
      const [key, value] = [bytes(own(message, 'key')), bytes(own(message, 'value'))];
      return carries(topic, { key, value });
    });
  });
}

function own(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null || types.isProxy(object)) return undefined;
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

function bytes(value: unknown): Buffer | null {
  if (Buffer.isBuffer(value)) return value;
  return typeof value === 'string' ? Buffer.from(value) : null;
}
