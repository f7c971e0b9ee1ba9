/**
 * The embedded broker on TCP, one port for each of its nodes. One queue per connection: a request
 * is applied when the one before is answered, and while requests wait, or the client does not
 * read, nothing more is read from it (as Kafka mutes a channel).
 *
 * Whatever a client sends, only its own connection can end. The clock is the caller's.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Failure } from '#kernel';
import type { Answered, Broker } from './broker.ts';
import type { BrokerNode } from './config.ts';
import type { KafkaRequest } from './handler.ts';

export interface ServerClock {
  nowMs(): number;
  /** Runs it once, later; the result calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

export interface BrokerServer {
  /** Where each node listens, in the order of `nodeIds`. */
  readonly nodes: readonly BrokerNode[];
  /** Of the first node. */
  readonly host: string;
  readonly port: number;
  /** Ends every connection at once and stops listening. */
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Made when the ports are known, since a broker tells clients where its nodes are. */
  readonly broker: (cluster: { readonly nodes: readonly BrokerNode[] }) => Broker;
  readonly clock: ServerClock;
  /** Of the first node, the others follow it; 0 = whatever is free for each. */
  readonly port: number;
  /** Node 1 alone where left out. */
  readonly nodeIds?: readonly number[];
  /** Loopback where left out. */
  readonly host?: string;
  /** Every answer leaves so much later, as if over a network; at once where left out. */
  readonly latencyMs?: number;
  /** A connection on which nothing happens for so long is closed; 10 minutes where left out. */
  readonly idleMs?: number;
  /** Hears of what should not happen: our own bugs. The connection that met one is closed. */
  readonly onTrouble?: (error: unknown) => void;
}

interface Client {
  readonly id: number;
  readonly socket: Socket;
  readonly waiting: (KafkaRequest | 'close')[];
  /** A request is being worked on, or its answer has not left yet. */
  busy: boolean;
  /** When bytes last came or went. */
  lastMs: number;
}

export async function serveBroker(options: ServerOptions): Promise<BrokerServer> {
  const { host = '127.0.0.1', port: firstPort, nodeIds = [1] } = options;
  const listeners: { readonly server: Server; readonly node: BrokerNode }[] = [];
  const closeAll = (): Promise<unknown> =>
    Promise.all(
      listeners.map(({ server }) => new Promise((resolve) => void server.close(resolve))),
    );
  try {
    for (const [index, nodeId] of nodeIds.entries()) {
      const server = createServer({ noDelay: true });
      const port = await listen(server, host, firstPort === 0 ? 0 : firstPort + index);
      listeners.push({ server, node: { nodeId, host, port } });
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  const nodes = listeners.map(({ node }) => node);
  const clients = new Drive(options.broker({ nodes }), options);
  for (const { server, node } of listeners) clients.serve(server, node.nodeId);
  const [{ port }] = nodes as [BrokerNode];
  return {
    nodes,
    host,
    port,
    close: async () => {
      const closed = closeAll();
      clients.end();
      await closed;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, () => resolve());
  try {
    await promise;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      const text =
        `Port ${port} on ${host} is taken. ` +
        'Stop what listens there, or choose another with --port.';
      throw new Failure('PORT_BUSY', text, { cause });
    }
    throw new Failure('TROUBLE', `Cannot listen on ${host}:${port} (${code}).`, { cause });
  }
  server.removeListener('error', reject);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Connects sockets, broker and clock. */
class Drive {
  readonly #broker: Broker;
  readonly #clock: ServerClock;
  readonly #onTrouble: (error: unknown) => void;
  readonly #idleMs: number;
  readonly #latencyMs: number;
  readonly #clients = new Map<number, Client>();
  readonly #ready: Client[] = [];
  #connections = 0;
  #alarm: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #working = false;
  #cancelSweep = (): void => {};

  constructor(
    broker: Broker,
    { clock, onTrouble, idleMs = 600_000, latencyMs = 0 }: ServerOptions,
  ) {
    this.#broker = broker;
    this.#clock = clock;
    this.#onTrouble = onTrouble ?? (() => {});
    this.#idleMs = idleMs;
    this.#latencyMs = latencyMs;
  }

  serve(server: Server, nodeId: number): void {
    server.on('connection', (socket) => this.#accept(socket, nodeId));
  }

  end(): void {
    this.#alarm?.cancel();
    this.#cancelSweep();
    for (const client of this.#clients.values()) this.#drop(client);
  }

  #accept(socket: Socket, nodeId: number): void {
    const lastMs = this.#clock.nowMs();
    const client: Client = { id: ++this.#connections, socket, waiting: [], busy: false, lastMs };
    this.#clients.set(client.id, client);
    if (this.#clients.size === 1) this.#sweepLater();
    this.#broker.connect(client.id, nodeId);
    socket.on('data', (bytes) => {
      if (!this.#clients.has(client.id)) return;
      client.lastMs = this.#clock.nowMs();
      client.waiting.push(...this.#broker.receive(client.id, bytes));
      if (client.busy && client.waiting.length > 0) socket.pause();
      this.#work(client);
    });
    for (const event of ['end', 'error', 'close']) socket.on(event, () => this.#drop(client));
  }

  /** Looks now and then for connections that are held for nothing. */
  #sweepLater(): void {
    this.#cancelSweep();
    this.#cancelSweep = this.#clock.after(this.#idleMs / 10, () => {
      const sinceMs = this.#clock.nowMs() - this.#idleMs;
      for (const client of this.#clients.values()) {
        if (!client.busy && client.lastMs <= sinceMs) this.#drop(client);
      }
      if (this.#clients.size > 0) this.#sweepLater();
    });
  }

  #drop(client: Client): void {
    if (!this.#clients.delete(client.id)) return;
    this.#broker.disconnect(client.id);
    client.waiting.length = 0;
    client.socket.destroy();
  }

  #deliver({ request, body, bytes }: Answered): void {
    const client = this.#clients.get(request.connection);
    if (client === undefined) return;
    if (body === 'close') return this.#drop(client);
    client.lastMs = this.#clock.nowMs();
    if (bytes !== undefined && !client.socket.write(bytes)) {
      client.socket.once('drain', () => {
        client.busy = false;
        this.#work(client);
      });
      return;
    }
    client.busy = false;
    this.#ready.push(client);
  }

  #arrive(answered: Answered): void {
    this.#deliver(answered);
    this.#work();
  }

  /** Applies what can be applied, one request per connection at a time, until all wait. */
  #work(client?: Client): void {
    if (client !== undefined) this.#ready.push(client);
    if (this.#working) return;
    this.#working = true;
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) {
      this.#step(next);
    }
    this.#working = false;
    this.#setAlarm();
  }

  #step(client: Client): void {
    if (client.busy || !this.#clients.has(client.id)) return;
    const request = client.waiting.shift();
    if (request === undefined) {
      client.socket.resume();
      return;
    }
    if (request === 'close') return this.#drop(client);
    client.busy = true;
    this.#attempt(() => this.#broker.apply(request, this.#clock.nowMs()), client);
  }

  #attempt(act: () => void, client?: Client): void {
    try {
      act();
    } catch (error) {
      this.#onTrouble(error);
      if (client !== undefined) this.#drop(client);
    }
    for (const answered of this.#broker.take().answers) {
      if (this.#latencyMs === 0) this.#deliver(answered);
      else this.#clock.after(this.#latencyMs, () => this.#arrive(answered));
    }
  }

  #setAlarm(): void {
    const next = this.#broker.nextTimer();
    if (next === undefined || (this.#alarm !== undefined && this.#alarm.atMs <= next.atMs)) return;
    this.#alarm?.cancel();
    const delayMs = Math.max(0, next.atMs - this.#clock.nowMs());
    const cancel = this.#clock.after(delayMs, () => this.#ring());
    this.#alarm = { atMs: next.atMs, cancel };
  }

  #ring(): void {
    this.#alarm = undefined;
    const nowMs = this.#clock.nowMs();
    const due = (): boolean => (this.#broker.nextTimer()?.atMs ?? Infinity) <= nowMs;
    while (due()) this.#attempt(() => this.#broker.runTimer(nowMs));
    this.#work();
  }
}
