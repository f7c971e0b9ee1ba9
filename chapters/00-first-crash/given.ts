/** What your service may use: how to read a greeting, and the sink. No answers in here. */

export type Greeting = { readonly id: string; readonly body: string };

/** An outside system that keeps what it is told, in order. It may reject and keep nothing. */
export interface Sink {
  record(greeting: Greeting): Promise<void>;
}

/** Reads the value of a Kafka message. */
export function readGreeting(message: { readonly value: Buffer | null }): Greeting {
  if (message.value === null) throw new Error('a greeting needs a value');
  return JSON.parse(message.value.toString('utf8')) as Greeting;
}
