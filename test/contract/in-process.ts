/**
 * The embedded broker without a socket, in virtual time: when everything that was asked is answered
 * or waits and the case itself waits too, the next thing that time alone would do happens at once.
 *
 * A `chooser` may let such a thing happen earlier than anything else asks for: before a request is
 * applied it says whether the next timer goes first. That is how a race is played out every way
 * (races.ts).
 */
import { createBroker, type Broker, type BrokerOptions, type KafkaRequest } from '#broker';
import { Conversation, type Running, type Wire } from './wire.ts';

/** Whether this timer goes before the request that has just come. */
export type Chooser = (timer: string) => boolean;

export interface InProcessOptions extends BrokerOptions {
  readonly chooser?: Chooser;
  /** Time passes only while the case itself waits for it: what waits for others goes on waiting. */
  readonly patient?: boolean;
}

/** Timers further ahead than this are not part of a race: sessions, long polls. */
const raceWindowMs = 1_000;

interface Client {
  readonly id: number;
  readonly wire: Conversation;
  readonly requests: (KafkaRequest | 'close')[];
  busy: boolean;
}

export class InProcess implements Running {
  readonly addresses: readonly string[] = [];
  readonly broker: Broker;
  readonly #chooser: Chooser | undefined;
  readonly #patient: boolean;
  readonly #clients = new Map<number, Client>();
  readonly #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  #nowMs = Date.now();
  #ids = 0;
  #looks = false;

  constructor(options: InProcessOptions = {}) {
    const { chooser, patient = false, ...broker } = options;
    this.#chooser = chooser;
    this.#patient = patient;
    this.broker = createBroker({ groupInitialRebalanceDelayMs: 0, ...broker });
  }

  nowMs(): number {
    return this.#nowMs;
  }

  open(node?: number): Promise<Wire> {
    const id = ++this.#ids;
    const hangUp = (): void => this.#drop(client);
    const send = (bytes: Buffer): void => this.#receive(client, bytes);
    const client: Client = { id, wire: new Conversation(send, hangUp), requests: [], busy: false };
    this.#clients.set(id, client);
    this.broker.connect(id, node);
    return Promise.resolve(client.wire);
  }

  pass(ms: number): Promise<void> {
    const atMs = this.#nowMs + ms;
    return new Promise((wake) => {
      this.#sleepers.push({ atMs, wake });
      this.#lookLater();
    });
  }

  stop(): Promise<void> {
    for (const client of this.#clients.values()) this.#drop(client);
    return Promise.resolve();
  }

  #receive(client: Client, bytes: Buffer): void {
    if (!this.#clients.has(client.id)) return;
    client.requests.push(...this.broker.receive(client.id, bytes));
    this.#work(client);
    this.#lookLater();
  }

  #work(client: Client): void {
    while (!client.busy && this.#clients.has(client.id)) {
      const request = client.requests.shift();
      if (request === undefined) return;
      if (request === 'close') return this.#drop(client);
      client.busy = true;
      this.#play(client, request);
    }
  }

  #play(client: Client, request: KafkaRequest): void {
    const soonest = (): string | undefined => {
      const next = this.broker.nextTimer();
      return next !== undefined && next.atMs <= this.#nowMs + raceWindowMs ? next.name : undefined;
    };
    if (this.#chooser !== undefined) {
      for (let next = soonest(); next !== undefined; next = soonest()) {
        if (!this.#chooser(next)) break;
        this.#runTimer();
      }
    }
    if (this.#patient) this.#runDue();
    this.broker.apply(request, this.#nowMs);
    this.#deliver();
    if (this.#patient) this.#runDue();
  }

  /** What is due needs no time to pass. */
  #runDue(): void {
    for (let next = this.broker.nextTimer(); next !== undefined; next = this.broker.nextTimer()) {
      if (next.atMs > this.#nowMs) return;
      this.#runTimer();
    }
  }

  #deliver(): void {
    for (const { request, body, bytes } of this.broker.take().answers) {
      const client = this.#clients.get(request.connection);
      if (client === undefined) continue;
      client.busy = false;
      if (body === 'close') this.#drop(client);
      else if (bytes !== undefined) client.wire.receive(bytes);
    }
    for (const client of this.#clients.values()) this.#work(client);
  }

  #drop(client: Client): void {
    if (!this.#clients.delete(client.id)) return;
    this.broker.disconnect(client.id);
    client.wire.end();
  }

  #runTimer(): void {
    this.#nowMs = Math.max(this.#nowMs, this.broker.nextTimer()?.atMs ?? 0);
    this.broker.runTimer(this.#nowMs);
    this.#deliver();
  }

  /** Immediates come when no promise can go on by itself any more. */
  #lookLater(): void {
    if (this.#looks) return;
    this.#looks = true;
    setImmediate(() => {
      this.#looks = false;
      this.#look();
    });
  }

  #look(): void {
    const asked = !this.#patient && [...this.#clients.values()].some(({ wire }) => wire.waits);
    if (!asked && this.#sleepers.length === 0) return;
    this.#sleepers.sort((a, b) => a.atMs - b.atMs);
    const sleeper = this.#sleepers[0];
    const timer = this.broker.nextTimer();
    if (timer !== undefined && timer.atMs <= (sleeper?.atMs ?? Infinity)) this.#runTimer();
    else if (sleeper !== undefined) {
      this.#nowMs = Math.max(this.#nowMs, sleeper.atMs);
      this.#sleepers.shift();
      sleeper.wake();
    } else return; // A question that nothing will ever answer: the case's own limit ends it.
    this.#lookLater();
  }
}
