/**
 * `node:zlib`: the synchronous functions are Node's own; callback forms are answered from them at
 * the next turn, and streams (`createGzip` …) collect their input and give all of it at the end.
 *
 * Left out: streams that give output before their input ends (`flush`, `params`, `reset`).
 */
import { Transform, type TransformCallback } from 'node:stream';
import type { Globals } from '../globals.ts';
import { copyOf } from './copy.ts';
import { answered } from './crypto.ts';

type Sync = (input: Buffer, options?: unknown) => Buffer;

/** Callback form; its class is the same word in capitals, `gunzip` → `Gunzip`, `createGunzip`. */
const forms = [
  'gzip',
  'gunzip',
  'deflate',
  'inflate',
  'deflateRaw',
  'inflateRaw',
  'unzip',
  'brotliCompress',
  'brotliDecompress',
  'zstdCompress',
  'zstdDecompress',
];

export function createZlib({ host }: Globals): unknown {
  const real = process.getBuiltinModule('node:zlib');
  const sync = real as unknown as Record<string, Sync | undefined>;
  const changes: Record<string, unknown> = {};
  for (const form of forms) {
    const run = sync[`${form}Sync`];
    if (run === undefined) continue;
    const name = `${form[0]?.toUpperCase()}${form.slice(1)}`;
    const make = function stream(options?: object): Transform {
      return new Collecting(run, options);
    };
    changes[form] = answered(host, run);
    changes[name] = make;
    changes[`create${name}`] = make;
  }
  return copyOf(real, changes);
}

/** Also what `new zlib.Gzip()` gives. */
export class Collecting extends Transform {
  readonly #run: Sync;
  readonly #options: object | undefined;
  readonly #chunks: Buffer[] = [];
  bytesWritten = 0;

  constructor(run: Sync, options?: object) {
    super();
    this.#run = run;
    this.#options = options;
  }
  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#chunks.push(chunk);
    this.bytesWritten += chunk.length;
    done();
  }
  override _flush(done: TransformCallback): void {
    try {
      done(null, this.#run(Buffer.concat(this.#chunks), this.#options));
    } catch (error) {
      done(error as Error);
    }
  }
  close(done?: () => void): void {
    if (done) this.once('close', done);
    this.destroy();
  }
}
