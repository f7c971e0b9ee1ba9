/**
 * What your services may use: how to write and read a greeting, and the sink. No answers in
 * here.
 */

export type Greeting = { readonly id: string; readonly body: string };

/** What the publisher offers. `publish` resolves only when the greeting can no longer be lost. */
export interface Publisher {
  publish(greeting: Greeting): Promise<void>;
}

/**
 * An outside system that keeps what it is told, in order. It may be slow; it may reject and keep
 * nothing.
 */
export interface Sink {
  record(greeting: Greeting): Promise<void>;
}

export function writeGreeting({ id, body }: Greeting): string {
  return JSON.stringify({ id, body });
}

/** Reads the value of a Kafka message. */
export function readGreeting(message: { readonly value: Buffer | null }): Greeting {
  if (message.value === null) throw new Error('a greeting needs a value');
  return JSON.parse(message.value.toString('utf8')) as Greeting;
}
