/**
 * Answers of a real server, without what no two servers number alike. Process numbers are replaced before a client
 * sees them, so that it can use them as it would. What stands in rows reaches the client as it is and is renamed, by
 * first appearance, only where bytes are hashed: transaction ids, row addresses, positions in the log, numbers of
 * tables and types.
 *
 * Left out: such numbers in columns of a type that does not say so (`txid_current()::text`), in what the client
 * sends back, and in binary COPY.
 */
import { errorResponse, frame, FrameReader, readFields, type Frame } from '#postgres';

/** A session's place in the process table of the world. */
export interface VirtualProcess {
  readonly pid: number;
  /** The secret of its CancelRequest. */
  readonly key: Buffer;
}

/** Process numbers and others, by first appearance in this run. */
export class Renames {
  readonly #known = new Map<string, number>();
  readonly #counts = new Map<string, number>();

  of(kind: string, value: string): number {
    const key = `${kind} ${value}`;
    let number = this.#known.get(key);
    if (number === undefined) {
      number = (this.#counts.get(kind) ?? 0) + 1;
      this.#counts.set(kind, number);
      this.#known.set(key, number);
    }
    return number;
  }
}

/** The greeting with the numbers that the client is to know. */
export function greetingOf(bytes: Buffer, { pid, key }: VirtualProcess): Buffer {
  const number = Buffer.alloc(4);
  number.writeInt32BE(pid);
  const frames = new FrameReader()
    .take(bytes)
    .map((each) => (each.type === 'K' ? frame('K', number, key) : each));
  return Buffer.concat(frames.map((each) => each.bytes));
}

/** Answer frames as the client gets them. */
export function delivered(
  frames: readonly Frame[],
  renames: Renames,
  pidOf: (backend: number) => number | undefined,
): Buffer {
  return Buffer.concat(
    frames.map((each) => {
      if (each.type === 'A') return withPid(each, pidOf).bytes;
      return each.type === 'E' ? reworded(each, renames, pidOf).bytes : each.bytes;
    }),
  );
}

function withPid(notification: Frame, pidOf: (backend: number) => number | undefined): Frame {
  const bytes = Buffer.from(notification.bytes);
  const pid = pidOf(bytes.readInt32BE(5));
  if (pid !== undefined) bytes.writeInt32BE(pid, 5);
  return { ...notification, bytes };
}

const numbered = /\b(Process|process|transaction|relation|database|object|class) (\d+)/g;

/** Who waits for whom in a deadlock is told in numbers. */
function reworded(
  error: Frame,
  renames: Renames,
  pidOf: (backend: number) => number | undefined,
): Frame {
  const fields = readFields(error);
  const { D: detail } = fields;
  if (detail === undefined || fields['C'] !== '40P01') return error;
  const told = detail.replaceAll(numbered, (_all, what: string, number: string) => {
    const isProcess = what.toLowerCase() === 'process';
    const known = isProcess ? pidOf(Number(number)) : undefined;
    return `${what} ${known ?? renames.of(what.toLowerCase(), number)}`;
  });
  return errorResponse({ ...fields, D: told });
}

const firstOwnOid = 16_384;
/** By type: transaction ids, row addresses, positions in the log. */
const renamedTypes: ReadonlyMap<number, string> = new Map([
  [27, 'ctid'],
  [28, 'xid'],
  [5069, 'xid'],
  [3220, 'lsn'],
  [5038, 'snapshot'],
  [2970, 'snapshot'],
]);
const renamedColumns: ReadonlyMap<string, string> = new Map([
  ['pg_backend_pid', 'pid'],
  ['txid_current', 'xid'],
  ['txid_current_if_assigned', 'xid'],
]);

/** What is hashed of one connection's answers; remembers what columns its rows have. */
export class HashedAnswers {
  readonly #renames: Renames;
  readonly #reader = new FrameReader();
  #columns: readonly (string | undefined)[] = [];

  constructor(renames: Renames) {
    this.#renames = renames;
  }

  of(bytes: Buffer): Uint8Array {
    const frames = this.#reader.take(bytes);
    return Buffer.concat(
      frames.map((each) => {
        if (each.type === 'T') return this.#description(each);
        if (each.type === 'D' && this.#columns.some((kind) => kind !== undefined)) {
          return this.#row(each);
        }
        return each.bytes;
      }),
    );
  }

  #description({ bytes }: Frame): Buffer {
    const copy = Buffer.from(bytes);
    const columns: (string | undefined)[] = [];
    const count = copy.readInt16BE(5);
    for (let at = 7, column = 0; column < count; column++) {
      const end = copy.indexOf(0, at);
      const name = copy.toString('utf8', at, end);
      const table = copy.readUInt32BE(end + 1);
      const type = copy.readUInt32BE(end + 7);
      if (table >= firstOwnOid) {
        copy.writeUInt32BE(this.#renames.of('table', String(table)), end + 1);
      }
      if (type >= firstOwnOid) copy.writeUInt32BE(this.#renames.of('type', String(type)), end + 7);
      columns.push(renamedTypes.get(type) ?? renamedColumns.get(name));
      at = end + 19;
    }
    this.#columns = columns;
    return copy;
  }

  #row({ bytes }: Frame): Buffer {
    const parts: Buffer[] = [];
    let at = 7;
    for (const kind of this.#columns) {
      if (at + 4 > bytes.length) break;
      const length = bytes.readInt32BE(at);
      const value = bytes.subarray(at + 4, at + 4 + Math.max(length, 0));
      const isRenamed = kind !== undefined && length >= 0;
      const shown = isRenamed
        ? Buffer.from(`<${kind} ${this.#renames.of(kind, value.toString('hex'))}>`)
        : value;
      parts.push(Buffer.from(`${isRenamed ? '' : length}:`), shown);
      at += 4 + Math.max(length, 0);
    }
    return Buffer.concat(parts);
  }
}
