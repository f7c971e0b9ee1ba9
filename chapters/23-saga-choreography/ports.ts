/**
 * The payment provider that the services meet, and its books as properties read them. It is linearizable per key; a
 * refund is about a charge that is there, but no two keys wait for each other.
 */
import type { Moment, PortDefinition } from '#kit';
import type { PaymentProvider } from './given.ts';

export interface Charge {
  readonly orderId: string;
  readonly card: string;
  readonly amount: number;
  readonly status: 'charged' | 'declined';
  readonly chargeId: string;
}

export interface Refund {
  readonly chargeId: string;
  readonly amount: number;
}

/** By key. */
interface Books {
  readonly charges: Record<string, Charge>;
  readonly refunds: Record<string, Refund>;
}

type ChargeRequest = Parameters<PaymentProvider['charge']>[0];
type RefundRequest = Parameters<PaymentProvider['refund']>[0];

const functions = {
  charge({ charges }: Books, { key, orderId, card, amount }: ChargeRequest) {
    const status = card.startsWith('declined') ? 'declined' : 'charged';
    const asked: Charge = { orderId, card, amount, status, chargeId: `charge-of-${key}` };
    if (JSON.stringify(charges[key] ?? asked) !== JSON.stringify(asked)) throw conflict(key);
    charges[key] ??= asked;
    return { status, chargeId: asked.chargeId };
  },
  refund({ charges, refunds }: Books, { key, chargeId, amount }: RefundRequest) {
    if (chargeWith(charges, chargeId) === undefined) throw unknownCharge(chargeId);
    const asked: Refund = { chargeId, amount };
    if (JSON.stringify(refunds[key] ?? asked) !== JSON.stringify(asked)) throw conflict(key);
    refunds[key] ??= asked;
    return { status: 'refunded' };
  },
  lookup: ({ charges }: Books, key: string) => charges[key]?.status ?? 'never seen',
};

export const psp: PortDefinition = {
  state: noBooks,
  key: (_call: string, [request]: readonly unknown[]) =>
    typeof request === 'string' ? request : (request as { readonly key: string }).key,
  ...functions,
};

function noBooks(): Books {
  return { charges: {}, refunds: {} };
}

function conflict(key: string): Error {
  return Object.assign(new Error(`${key} was used for something else`), { code: 'CONFLICT' });
}

function unknownCharge(chargeId: string): Error {
  return Object.assign(new Error(`there is no charge ${chargeId}`), { code: 'UNKNOWN_CHARGE' });
}

function chargeWith(charges: Books['charges'], id: string): Charge | undefined {
  return Object.values(charges).find(({ chargeId }) => chargeId === id);
}

/** What the provider has done for one order. */
export interface Account {
  readonly charged: number;
  readonly refunded: number;
  /** `seq` of the calls. */
  readonly calls: readonly number[];
}

export interface Accounts {
  /** Those that moved money. */
  readonly charges: readonly Charge[];
  of(orderId: string): Account;
}

/** The same functions, applied again to the calls that took effect. */
export function accountsAfter(calls: Moment['calls']): Accounts {
  const books = noBooks();
  const seqs = new Map<string, number[]>();
  for (const { name, args, outcome, seq } of calls) {
    if (outcome !== 'applied' || name === 'psp.lookup') continue;
    const [request] = args;
    const isCharge = name === 'psp.charge';
    if (isCharge) functions.charge(books, request as ChargeRequest);
    else functions.refund(books, request as RefundRequest);
    const orderId = isCharge
      ? (request as ChargeRequest).orderId
      : chargeWith(books.charges, (request as RefundRequest).chargeId)?.orderId;
    if (orderId !== undefined) seqs.set(orderId, [...(seqs.get(orderId) ?? []), seq]);
  }
  const all = Object.values(books.charges);
  const charges = all.filter(({ status }) => status === 'charged');
  const refunds = Object.values(books.refunds);
  return {
    charges,
    of(orderId) {
      const mine = all.filter((charge) => charge.orderId === orderId);
      const ids = new Set(mine.map(({ chargeId }) => chargeId));
      return {
        charged: sum(charges.filter((charge) => charge.orderId === orderId)),
        refunded: sum(refunds.filter(({ chargeId }) => ids.has(chargeId))),
        calls: seqs.get(orderId) ?? [],
      };
    },
  };
}

function sum(amounts: readonly { readonly amount: number }[]): number {
  return amounts.reduce((total, { amount }) => total + amount, 0);
}
