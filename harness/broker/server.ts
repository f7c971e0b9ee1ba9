/**
 * The embedded broker on a TCP port. One queue per connection: a request is applied when the one
 * before is answered, and while requests wait, or the client does not read, nothing more is read
 * from it (as Kafka mutes a channel).
 *
 * Whatever a client sends, only its own connection can end. The clock is the caller's.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Failure } from '#kernel';
import type { Answered, Broker } from './broker.ts';
import type { KafkaRequest } from './handler.ts';

export interface ServerClock {
  nowMs(): number;
  /** Runs it once, later; the result calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

export interface BrokerServer {
  readonly host: string;
  readonly port: number;
  /** Ends every connection at once and stops listening. */
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Made when the port is known, since a broker tells clients where it is. */
  readonly broker: (address: { readonly host: string; readonly port: number }) => Broker;
  readonly clock: ServerClock;
  readonly port: number;
  /** Loopback where left out. */
  readonly host?: string;
  /** Hears of what should not happen: our own bugs. The connection that met one is closed. */
  readonly onTrouble?: (error: unknown) => void;
}

interface Client {
  readonly id: number;
  readonly socket: Socket;
  readonly waiting: (KafkaRequest | 'close')[];
  /** A request is being worked on, or its answer has not left yet. */
  busy: boolean;
}

export async function serveBroker(options: ServerOptions): Promise<BrokerServer> {
  const server = createServer({ noDelay: true });
  const host = options.host ?? '127.0.0.1';
  const port = await listen(server, host, options.port);
  const clients = new Drive(server, options.broker({ host, port }), options);
  return {
    host,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        clients.end();
      }),
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
  readonly #clients = new Map<number, Client>();
  readonly #ready: Client[] = [];
  #connections = 0;
  #alarm: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #working = false;

  constructor(server: Server, broker: Broker, { clock, onTrouble }: ServerOptions) {
    this.#broker = broker;
    this.#clock = clock;
    this.#onTrouble = onTrouble ?? (() => {});
    server.on('connection', (socket) => this.#accept(socket));
  }

  end(): void {
    this.#alarm?.cancel();
    for (const client of this.#clients.values()) this.#drop(client);
  }

  #accept(socket: Socket): void {
    const client: Client = { id: ++this.#connections, socket, waiting: [], busy: false };
    this.#clients.set(client.id, client);
    this.#broker.connect(client.id);
    socket.on('data', (bytes) => {
      if (!this.#clients.has(client.id)) return;
      client.waiting.push(...this.#broker.receive(client.id, bytes));
      if (client.busy && client.waiting.length > 0) socket.pause();
      this.#work(client);
    });
    for (const event of ['end', 'error', 'close']) socket.on(event, () => this.#drop(client));
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
    for (const answered of this.#broker.take().answers) this.#deliver(answered);
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
