/**
 * What a run has to know of its transactions.
 *
 * 1. What their requests are about: EndTxn and its kin name neither records nor offsets, so they
 *    are about all commands that the transaction has touched so far. Kept by slot and transactional
 *    id: a zombie's requests are about what the zombie did.
 * 2. Their time-outs, read off the wire.
 * 3. Their markers as a step of its own that a schedule may hold: `WriteTxnMarkers`, in the name of
 *    the instance that ended the transaction. It is no place for a fault, for nobody asked for it.
 *    Where no hold names it the broker writes the markers by itself, as soon as it always does.
 */
import type { Broker, BrokerEvent, KafkaRequest } from '#broker';
import type { Milliseconds } from '#kernel';
import type { Incarnation } from './incarnation.ts';
import type { World } from './world.ts';

interface Open {
  readonly commands: Set<string>;
  /** EndTxn was sent; whatever comes now, other than another EndTxn, belongs to the next one. */
  ended: boolean;
}

type TransactionEvent = Extract<BrokerEvent, { kind: 'transaction' }>;

const markerStep = 'WriteTxnMarkers';
/** What the broker takes where nobody holds it up. */
const usualDelayMs: Milliseconds = 4;

export class TransactionWatch {
  readonly #world: World;
  readonly #broker: Broker;
  readonly #open = new Map<string, Open>();
  readonly #timeouts = new Map<string, Milliseconds>();
  /** Transactional ids whose markers a hold names. */
  readonly #heldIds: ReadonlySet<string>;

  constructor(world: World, broker: Broker) {
    this.#world = world;
    this.#broker = broker;
    const points = world.schedule.holds.map(({ what }) => what.point);
    this.#heldIds = new Set(
      points.filter(({ operation }) => operation === markerStep).map(({ target }) => target),
    );
  }

  /** `own`: what the request itself names. */
  causeOf(slot: string, request: KafkaRequest, own: readonly string[]): readonly string[] {
    const { api, body } = request;
    const { transactionalId } = body as { readonly transactionalId?: string | null };
    if (typeof transactionalId !== 'string') return own;
    if (api === 'InitProducerId') this.#noteTimeout(slot, body.transactionTimeoutMs);
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

  /** Of several producers of a slot the shortest. */
  timeoutOf(slot: string): Milliseconds | undefined {
    return this.#timeouts.get(slot);
  }

  changed({ transactionalId, state }: TransactionEvent, owner: Incarnation | undefined): void {
    if (state !== 'PrepareCommit' && state !== 'PrepareAbort') return;
    if (owner === undefined || !this.#heldIds.has(transactionalId)) return;
    const commands = this.#open.get(`${owner.slot} ${transactionalId}`)?.commands ?? [];
    this.#broker.delayMarkers(transactionalId, undefined);
    const { markersMs = usualDelayMs } = this.#world.schedule;
    this.#world.later(markersMs, () => this.#mark(transactionalId, owner, [...commands]));
  }

  #mark(target: string, owner: Incarnation, cause: readonly string[]): void {
    const pass = (): void => {
      this.#broker.writeMarkers(target, this.#world.epochMs + this.#world.now());
      this.#world.kafka.drain();
    };
    const op = this.#world.passages.open({
      owner,
      connection: undefined,
      kind: 'kafka',
      operation: markerStep,
      target,
      topics: [],
      cause,
      stack: undefined,
      asker: undefined,
      silent: true,
      answered: false,
      outlives: true,
    });
    const ways = { pass, answer: pass, close: pass, silence: pass, gone: pass };
    this.#world.passages.cross(op, 'before apply', ways);
  }

  #noteTimeout(slot: string, timeoutMs: Milliseconds): void {
    this.#timeouts.set(slot, Math.min(this.#timeouts.get(slot) ?? Infinity, timeoutMs));
  }
}
