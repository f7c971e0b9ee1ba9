/**
 * The client's end of a connection inside the world: a real Duplex, so that every client library finds the stream
 * it expects, whose bytes go to the world instead of a file descriptor.
 */
import { Duplex } from 'node:stream';

export interface SocketOwner {
  /** The client wrote bytes. */
  wrote(bytes: Buffer): void;
  /** The client ended its side, or destroyed the socket. */
  closed(): void;
  /** A listener threw: the process dies of it. */
  threw(error: unknown): void;
}

export class SimSocket extends Duplex {
  connecting = true;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily = 'IPv4';
  readonly localAddress = '127.0.0.1';
  readonly localPort: number;
  readonly #owner: SocketOwner;
  #idle: Buffer[] = [];

  constructor(address: { host: string; port: number; localPort: number }, owner: SocketOwner) {
    super({ allowHalfOpen: false, emitClose: true });
    this.remoteAddress = address.host;
    this.remotePort = address.port;
    this.localPort = address.localPort;
    this.#owner = owner;
  }

  /** From the world: the other side accepted. */
  accepted(): void {
    if (this.destroyed) return;
    this.connecting = false;
    for (const bytes of this.#idle) this.#owner.wrote(bytes);
    this.#idle = [];
    this.emit('connect');
    this.emit('ready');
  }

  /** From the world: bytes arrived. */
  arrived(bytes: Uint8Array): void {
    if (!this.destroyed) this.push(bytes);
  }

  /** From the world: the other side closed the connection. */
  ended(): void {
    if (!this.destroyed) this.push(null);
  }

  /** From the world: refused, or reset. */
  failed(error: Error): void {
    if (!this.destroyed) this.destroy(error);
  }

  override _read(): void {
    // Bytes are pushed as they arrive; the world has no back-pressure.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.connecting) this.#idle.push(chunk);
    else this.#owner.wrote(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#owner.closed();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#owner.closed();
    done(error);
  }

  /** A throwing listener ends the process, as it would in Node; it must not unwind through the world. */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    try {
      return super.emit(event, ...values);
    } catch (error) {
      this.#owner.threw(error);
      return true;
    }
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  address(): { address: string; port: number; family: string } {
    return { address: this.localAddress, port: this.localPort, family: 'IPv4' };
  }
}
