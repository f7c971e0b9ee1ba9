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
  const clients = drive(server, options.broker({ host, port }), options);
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
function drive(server: Server, broker: Broker, options: ServerOptions): { end: () => void } {
  const { clock, onTrouble = () => {} } = options;
  const clients = new Map<number, Client>();
  const ready: Client[] = [];
  let connections = 0;
  let alarm: { readonly atMs: number; readonly cancel: () => void } | undefined;
  let working = false;

  const drop = (client: Client): void => {
    if (!clients.delete(client.id)) return;
    broker.disconnect(client.id);
    client.waiting.length = 0;
    client.socket.destroy();
  };

  const deliver = ({ request, body, bytes }: Answered): void => {
    const client = clients.get(request.connection);
    if (client === undefined) return;
    if (body === 'close') return drop(client);
    if (bytes !== undefined && !client.socket.write(bytes)) {
      client.socket.once('drain', () => {
        client.busy = false;
        work(client);
      });
      return;
    }
    client.busy = false;
    ready.push(client);
  };

  /**
   * Applies what can be applied, one request per connection at a time, until all wait for
   * something.
   */
  const work = (client?: Client): void => {
    if (client !== undefined) ready.push(client);
    if (working) return;
    working = true;
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) step(next);
    working = false;
    setAlarm();
  };

  const step = (client: Client): void => {
    if (client.busy || !clients.has(client.id)) return;
    const request = client.waiting.shift();
    if (request === undefined) {
      client.socket.resume();
      return;
    }
    if (request === 'close') return drop(client);
    client.busy = true;
    attempt(() => broker.apply(request, clock.nowMs()), client);
  };

  const attempt = (act: () => void, client?: Client): void => {
    try {
      act();
    } catch (error) {
      onTrouble(error);
      if (client !== undefined) drop(client);
    }
    for (const answered of broker.take().answers) deliver(answered);
  };

  const setAlarm = (): void => {
    const next = broker.nextTimer();
    if (next === undefined || (alarm !== undefined && alarm.atMs <= next.atMs)) return;
    alarm?.cancel();
    const cancel = clock.after(Math.max(0, next.atMs - clock.nowMs()), ring);
    alarm = { atMs: next.atMs, cancel };
  };

  const ring = (): void => {
    alarm = undefined;
    const nowMs = clock.nowMs();
    for (let next = broker.nextTimer(); next && next.atMs <= nowMs; next = broker.nextTimer()) {
      attempt(() => broker.runTimer(nowMs));
    }
    work();
  };

  server.on('connection', (socket) => {
    const client: Client = { id: ++connections, socket, waiting: [], busy: false };
    clients.set(client.id, client);
    broker.connect(client.id);
    socket.on('data', (bytes) => {
      if (!clients.has(client.id)) return;
      client.waiting.push(...broker.receive(client.id, bytes));
      if (client.busy && client.waiting.length > 0) socket.pause();
      work(client);
    });
    socket.on('end', () => drop(client));
    socket.on('error', () => drop(client));
    socket.on('close', () => drop(client));
  });
  return {
    end: () => {
      alarm?.cancel();
      for (const client of clients.values()) drop(client);
    },
  };
}
