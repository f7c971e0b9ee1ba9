/**
 * `node:net` over the connections of the world, as much of it as clients use, and `node:tls`, which
 * is refused: the world's servers speak plain text.
 *
 * Left out: servers, Unix sockets, half-open connections that outlive their end.
 */
import * as realNet from 'node:net';
import { Duplex } from 'node:stream';
import type { Milliseconds } from '#kernel';
import { inContext } from '../context.ts';
import type { Globals } from '../globals.ts';
import type { Address, Host } from '../host.ts';
import { Timeout } from '../timers.ts';
import { addressOf } from './dns.ts';
import { refusedModule, refusing } from './refused.ts';

interface ConnectOptions {
  readonly host?: string;
  readonly port?: number | string;
  readonly path?: string;
  readonly timeout?: Milliseconds;
  readonly allowHalfOpen?: boolean;
}

type Done = (error?: Error | null) => void;

/** One class per thread, watched by leaks.ts; what a process sees is a subclass of its own. */
export class VirtualSocket extends Duplex {
  readonly #host: Host;
  #line: Duplex | undefined;
  #address: Address | undefined;
  #idle: Timeout | undefined;
  #waiting: (() => void) | undefined;
  connecting = false;
  timeout: Milliseconds | undefined;
  bytesRead = 0;
  bytesWritten = 0;

  constructor(host: Host, options: ConnectOptions = {}) {
    const allowHalfOpen = options.allowHalfOpen ?? false;
    super({ allowHalfOpen, decodeStrings: true, emitClose: false });
    this.#host = host;
    if (options.timeout !== undefined) this.setTimeout(options.timeout);
  }

  get pending(): boolean {
    return this.#line === undefined || this.connecting;
  }
  get readyState(): string {
    if (this.connecting) return 'opening';
    if (this.#line === undefined || this.destroyed) return 'closed';
    if (this.readable && this.writable) return 'open';
    return this.readable ? 'readOnly' : this.writable ? 'writeOnly' : 'closed';
  }
  get remoteAddress(): string | undefined {
    return this.#address && addressOf(this.#host, this.#address.host).address;
  }
  get remotePort(): number | undefined {
    return this.#address?.port;
  }
  get remoteFamily(): string | undefined {
    return this.#address && 'IPv4';
  }
  get localAddress(): string | undefined {
    return this.#address && '127.0.0.1';
  }
  get localPort(): number | undefined {
    return this.#address && 40000;
  }
  get bufferSize(): number {
    return this.writableLength;
  }

  connect(...args: unknown[]): this {
    const { options, listener } = connectArguments(args);
    if (listener) this.once('connect', listener);
    if (options.path !== undefined) {
      throw this.#host.uncontrolled(
        `opens a connection to ${options.path}`,
        'The broker and the database of this world are given to the service.',
      );
    }
    this.#address = { host: options.host ?? 'localhost', port: Number(options.port) };
    this.connecting = true;
    const line = this.#host.connect(this.#address);
    this.#line = line;
    const hear = (event: string, listener: (value: never) => void) =>
      line.on(event, inContext(this.#host, listener) as (value: unknown) => void);
    hear('connect', () => this.#connected());
    hear('data', (bytes: Buffer) => this.#received(bytes));
    hear('end', () => this.push(null));
    hear('error', (error: Error) => this.destroy(error));
    hear('close', () => this.destroy());
    return this;
  }

  #connected(): void {
    this.connecting = false;
    this.#active();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.emit('connect');
    this.emit('ready');
    waiting?.();
  }

  #received(bytes: Buffer): void {
    this.bytesRead += bytes.length;
    this.#active();
    if (!this.push(bytes)) this.#line?.pause();
  }

  override _read(): void {
    if (this.#line?.isPaused() === true) this.#line.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.pending) {
      this.#waiting = () => this._write(bytes, _encoding, done);
      return;
    }
    this.bytesWritten += bytes.length;
    this.#active();
    this.#line?.write(bytes, done);
  }

  /** What was corked together leaves together, as one segment. */
  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: Done): void {
    if (this.connecting) {
      this.#waiting = () => this._final(done);
      return;
    }
    if (this.#line === undefined) done();
    else this.#line.end(() => done());
  }

  override _destroy(error: Error | null, done: Done): void {
    this.connecting = false;
    this.#idle?.close();
    this.#line?.destroy();
    done(error);
    // After the stream's own 'error', and telling whether there was one, as Node's sockets do.
    process.nextTick(() => this.emit('close', error !== null));
  }

  setTimeout(delayMs: Milliseconds, listener?: () => void): this {
    this.#idle?.close();
    this.#idle = undefined;
    this.timeout = delayMs;
    if (delayMs > 0) {
      this.#idle = new Timeout(this.#host, () => this.emit('timeout'), delayMs, [], false);
      if (listener) this.once('timeout', listener);
    } else if (listener) this.removeListener('timeout', listener);
    return this;
  }

  #active(): void {
    this.#idle?.refresh();
  }

  address(): object {
    return this.#address ? { address: '127.0.0.1', family: 'IPv4', port: this.localPort } : {};
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }
  resetAndDestroy(): this {
    return this.destroy();
  }
}

function connectArguments(args: unknown[]): {
  options: ConnectOptions;
  listener: (() => void) | undefined;
} {
  const rest = [...args];
  const last = rest.at(-1);
  const listener = typeof last === 'function' ? (rest.pop() as () => void) : undefined;
  const [first, second] = rest;
  if (typeof first === 'object' && first !== null) return { options: first, listener };
  if (typeof first === 'string' && Number.isNaN(Number(first))) {
    return { options: { path: first }, listener };
  }
  const host = typeof second === 'string' ? { host: second } : {};
  return { options: { port: Number(first), ...host }, listener };
}

const server = {
  does: 'listens on a port',
  advice: 'Nobody in this world connects to a service: it is called through its role, or by Kafka.',
};

export function createNet({ host }: Globals): unknown {
  class Socket extends VirtualSocket {
    constructor(options?: ConnectOptions) {
      super(host, options);
    }
  }
  const connect = (...args: unknown[]): Socket => {
    const [first] = args;
    const options = typeof first === 'object' && first !== null ? first : {};
    return new Socket(options).connect(...args);
  };
  const { isIP, isIPv4, isIPv6, BlockList, SocketAddress } = realNet;
  return {
    Socket,
    Stream: Socket,
    connect,
    createConnection: connect,
    createServer: refusing(host, 'net.createServer', server),
    Server: refusing(host, 'net.Server', server),
    isIP,
    isIPv4,
    isIPv6,
    BlockList,
    SocketAddress,
    getDefaultAutoSelectFamily: () => true,
    setDefaultAutoSelectFamily: () => undefined,
    getDefaultAutoSelectFamilyAttemptTimeout: () => 250,
    setDefaultAutoSelectFamilyAttemptTimeout: () => undefined,
  };
}

const encryption = {
  does: 'encrypts a connection',
  advice: 'The broker and the database of this world speak plain text: leave `ssl` out.',
};

export function createTls({ host }: Globals): unknown {
  const { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION } =
    process.getBuiltinModule('node:tls');
  return {
    ...(refusedModule('tls', host) as object),
    ...Object.fromEntries(
      ['connect', 'TLSSocket', 'createSecureContext', 'createServer', 'Server'].map((name) => [
        name,
        refusing(host, `tls.${name}`, encryption),
      ]),
    ),
    checkServerIdentity: () => undefined,
    rootCertificates: [],
    DEFAULT_CIPHERS,
    DEFAULT_ECDH_CURVE,
    DEFAULT_MAX_VERSION,
    DEFAULT_MIN_VERSION,
  };
}
