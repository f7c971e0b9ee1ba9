/**
 * What the requests of a transaction are about: EndTxn and its kin name neither records nor offsets,
 * so they are about all commands that the transaction has touched so far. Kept by slot and
 * transactional id: a zombie's requests are about what the zombie did.
 */
import type { KafkaRequest } from '#broker';

interface Open {
  readonly commands: Set<string>;
  /** EndTxn was sent; whatever comes now, other than another EndTxn, belongs to the next one. */
  ended: boolean;
}

export class TransactionCauses {
  readonly #open = new Map<string, Open>();

  /** `own`: what the request itself names. */
  causeOf(slot: string, request: KafkaRequest, own: readonly string[]): readonly string[] {
    const { api } = request;
    const { transactionalId } = request.body as { readonly transactionalId?: string | null };
    if (typeof transactionalId !== 'string') return own;
    const key = `${slot} ${transactionalId}`;
    let open = this.#open.get(key);
    if (open === undefined || api === 'InitProducerId' || (open.ended && api !== 'EndTxn')) {
      open = { commands: new Set(), ended: false };
      this.#open.set(key, open);
    }
    if (api === 'Produce' || api === 'TxnOffsetCommit') {
      for (const command of own) open.commands.add(command);
      return own;
    }
    if (api === 'EndTxn') open.ended = true;
    return [...open.commands];
  }
}
