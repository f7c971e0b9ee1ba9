/** What your service may use: how to read a payment. No answers in here. */

/** A captured payment. `source` and `id` together say which one it is, as CloudEvents has it. */
export type Payment = {
  /** Who sent it: `shop`, `till`. */
  readonly source: string;
  /** Unique within its source, and nowhere else. */
  readonly id: string;
  readonly account: string;
  /** In cents, never below 0. */
  readonly amount: number;
};

/** Reads the value of a Kafka message: a CloudEvent in JSON. */
export function readPayment(message: { readonly value: Buffer | null }): Payment {
  if (message.value === null) throw new Error('a payment needs a value');
  const { source, id, data } = JSON.parse(message.value.toString('utf8')) as CloudEvent;
  return { source, id, account: data.account, amount: data.amount };
}

interface CloudEvent {
  readonly source: string;
  readonly id: string;
  readonly data: { readonly account: string; readonly amount: number };
}
