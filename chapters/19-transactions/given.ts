/** What your service may use: how to read a transfer, and what it books. No answers in here. */

/** Move an amount from one account to another. The topic's key is `from`. */
export type Transfer = {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
};

/** One half of a transfer, on `debits` or on `credits`; `ref` is the id of the transfer. */
export type Booking = { readonly ref: string; readonly account: string; readonly amount: number };

interface Bytes {
  readonly value: Buffer | null;
}

/** A record as a producer takes it. */
interface Outgoing {
  readonly key: string;
  readonly value: string;
}

/** Reads the value of a Kafka message from `transfers`. */
export function readTransfer(message: Bytes): Transfer {
  return parse(message) as Transfer;
}

/** Reads the value of a Kafka message from `debits` or `credits`. */
export function readBooking(message: Bytes): Booking {
  return parse(message) as Booking;
}

/** The two bookings that a transfer means, each under the key of its account. */
export function split(message: Bytes): { readonly debit: Outgoing; readonly credit: Outgoing } {
  const { id, from, to, amount } = readTransfer(message);
  return { debit: booking(id, from, amount), credit: booking(id, to, amount) };
}

function booking(ref: string, account: string, amount: number): Outgoing {
  return { key: account, value: JSON.stringify({ ref, account, amount } satisfies Booking) };
}

function parse({ value }: Bytes): unknown {
  if (value === null) throw new Error('a transfer needs a value');
  return JSON.parse(value.toString('utf8'));
}
