/**
 * Turns the rows of a message into a reader and a writer for one version. Done once per version
 * when first needed; after that a message is a walk over closures, without looking at rows again.
 */
import { InvariantError } from '#kernel';
import { ProtocolError } from './protocol-error.ts';
import type { Reader } from './reader.ts';
import { covers, type Field, type Primitive } from './schema.ts';
import type { Writer } from './writer.ts';

type Body = Record<string, unknown>;

/** How one type is read and written in one version. */
export interface Codec {
  read(reader: Reader): unknown;
  write(writer: Writer, value: any): void;
  /** The least a value takes on the wire: what an announced number of elements is held against. */
  readonly leastBytes: number;
  /** Fresh where it can be changed by its owner. */
  initial(): unknown;
  isInitial(value: any): boolean;
}

interface Slot extends Codec {
  readonly name: string;
  readonly tag: number;
}

const zeroUuid = '00000000-0000-0000-0000-000000000000';

export function compileStruct(fields: readonly Field[], version: number, flexible: boolean): Codec {
  const slots: Slot[] = [];
  const tagged: Slot[] = [];
  const present: Slot[] = [];
  const mutable: Slot[] = [];
  const template: Body = {};
  for (const field of fields) {
    const slot = compileField(field, version, flexible);
    const first = slot.initial();
    template[field.name] = first;
    const isTagged = flexible && covers(field.taggedVersions, version);
    const isHere = covers(field.versions, version);
    if (isHere) present.push(slot);
    if (isHere && isTagged) tagged.push(slot);
    else if (isHere) slots.push(slot);
    if ((isTagged || !isHere) && typeof first === 'object' && first !== null) mutable.push(slot);
  }
  tagged.sort((a, b) => a.tag - b.tag);
  const initial = (): Body => {
    const body = { ...template };
    for (const slot of mutable) body[slot.name] = slot.initial();
    return body;
  };
  return {
    read: (reader) => {
      const body = initial();
      for (let index = 0; index < slots.length; index++) {
        const slot = slots[index]!;
        body[slot.name] = slot.read(reader);
      }
      if (flexible) readTagged(reader, tagged, body);
      return body;
    },
    write: (writer, body: Body) => {
      if (typeof body !== 'object' || body === null) writer.refuse(body, 'a struct');
      for (let index = 0; index < slots.length; index++) {
        const slot = slots[index]!;
        const value = body[slot.name];
        writer.field = slot.name;
        slot.write(writer, value === undefined ? template[slot.name] : value);
      }
      if (flexible) writeTagged(writer, tagged, body);
    },
    leastBytes: slots.reduce((sum, slot) => sum + slot.leastBytes, flexible ? 1 : 0),
    initial: () => {
      const body = initial();
      for (const slot of slots) body[slot.name] = slot.initial();
      return body;
    },
    isInitial: (body: Body) => present.every((slot) => isLeftOut(slot, body)),
  };
}

function isLeftOut(slot: Slot, body: Body): boolean {
  const value = body[slot.name];
  return value === undefined || slot.isInitial(value);
}

function readTagged(reader: Reader, tagged: readonly Slot[], body: Body): void {
  let count = reader.uvarint();
  while (count-- > 0) {
    const tag = reader.uvarint();
    const size = reader.uvarint();
    const start = reader.take(size);
    const slot = tagged.find((candidate) => candidate.tag === tag);
    if (slot === undefined) continue;
    const { limit, position } = reader;
    reader.position = start;
    reader.limit = position;
    body[slot.name] = slot.read(reader);
    reader.position = position;
    reader.limit = limit;
  }
}

function writeTagged(writer: Writer, tagged: readonly Slot[], body: Body): void {
  let count = 0;
  for (const slot of tagged) if (!isLeftOut(slot, body)) count++;
  writer.uvarint(count);
  for (const slot of tagged) {
    if (isLeftOut(slot, body)) continue;
    writer.uvarint(slot.tag);
    writer.field = slot.name;
    const start = writer.position;
    slot.write(writer, body[slot.name]);
    const content = Buffer.from(writer.bytes.subarray(start, writer.position));
    writer.position = start;
    writer.uvarint(content.length);
    writer.raw(content);
  }
}

function compileField(field: Field, version: number, flexible: boolean): Slot {
  const nullable = covers(field.nullableVersions, version);
  const isArray = field.type.startsWith('[]');
  const type = (isArray ? field.type.slice(2) : field.type) as Primitive | 'struct';
  let codec =
    type === 'struct'
      ? compileStruct(field.fields ?? [], version, flexible)
      : primitive(type, flexible, nullable && !isArray);
  if (isArray) codec = arrayOf(codec, flexible, nullable);
  else if (type === 'struct' && nullable) codec = nullableStruct(codec);
  const slot = { ...codec, name: field.name, tag: field.tag ?? -1 };
  if (field.default === undefined) return slot;
  const initial = field.default;
  return { ...slot, initial: () => initial, isInitial: (value) => value === initial };
}

function arrayOf(element: Codec, flexible: boolean, nullable: boolean): Codec {
  const least = Math.max(1, element.leastBytes);
  return {
    read: (reader) => {
      const count = flexible ? reader.compactLength() : reader.int32();
      if (count === -1 && nullable) return null;
      if (count < 0 || count > reader.remaining / least) {
        throw new ProtocolError(
          'malformed',
          `${count} elements announced with ${reader.remaining} bytes left`,
        );
      }
      if (count > reader.elementsLeft) {
        throw new ProtocolError('malformed', `${count} more elements are too many for one message`);
      }
      reader.elementsLeft -= count;
      const result: unknown[] = [];
      for (let index = 0; index < count; index++) result.push(element.read(reader));
      return result;
    },
    write: (writer: Writer, value: unknown[] | null) => {
      if (value === null && nullable) {
        if (flexible) writer.uvarint(0);
        else writer.int32(-1);
        return;
      }
      if (!Array.isArray(value)) writer.refuse(value, 'an array');
      if (flexible) writer.uvarint(value.length + 1);
      else writer.int32(value.length);
      for (let index = 0; index < value.length; index++) element.write(writer, value[index]);
    },
    leastBytes: flexible ? 1 : 4,
    initial: () => [],
    isInitial: (value: unknown[] | null) => value !== null && value.length === 0,
  };
}

/** One byte goes before: -1 for null, 1 for a struct. */
function nullableStruct(struct: Codec): Codec {
  return {
    ...struct,
    read: (reader) => (reader.int8() < 0 ? null : struct.read(reader)),
    write: (writer, value) => {
      writer.int8(value === null ? -1 : 1);
      if (value !== null) struct.write(writer, value);
    },
    leastBytes: 1,
    isInitial: (value) => value !== null && struct.isInitial(value),
  };
}

function primitive(type: Primitive, flexible: boolean, nullable: boolean): Codec {
  switch (type) {
    case 'bool':
      return scalar(
        1,
        false,
        (r) => r.bool(),
        (w, value: boolean) => w.bool(value),
      );
    case 'int8':
      return scalar(
        1,
        0,
        (r) => r.int8(),
        (w, value: number) => w.int8(value),
      );
    case 'int16':
      return scalar(
        2,
        0,
        (r) => r.int16(),
        (w, value: number) => w.int16(value),
      );
    case 'int32':
      return scalar(
        4,
        0,
        (r) => r.int32(),
        (w, value: number) => w.int32(value),
      );
    case 'int64':
      return scalar(
        8,
        0,
        (r) => r.int64(),
        (w, value: number) => w.int64(value),
      );
    case 'uuid':
      return scalar(
        16,
        zeroUuid,
        (r) => r.uuid(),
        (w, value: string) => w.uuid(value),
      );
    case 'string':
      return text(flexible, nullable);
    case 'bytes':
    case 'records':
      return bytes(flexible, nullable, type === 'records');
    default:
      throw new InvariantError(`a row has the unknown type ${String(type)}`);
  }
}

function scalar<T>(
  leastBytes: number,
  initial: T,
  read: (reader: Reader) => T,
  write: (writer: Writer, value: T) => void,
): Codec {
  return { read, write, leastBytes, initial: () => initial, isInitial: (v) => v === initial };
}

function text(flexible: boolean, nullable: boolean): Codec {
  const write = (writer: Writer, value: string | null): void => {
    if (value === null && nullable) {
      if (flexible) writer.uvarint(0);
      else writer.int16(-1);
    } else if (flexible) {
      writer.compactString(value as string);
    } else {
      writer.string(value as string);
    }
  };
  const read = (reader: Reader): string | null => {
    const length = flexible ? reader.compactLength() : reader.int16();
    if (length >= 0) return reader.text(length);
    if (length === -1 && nullable) return null;
    throw new ProtocolError('malformed', `a string of length ${length} at ${reader.position}`);
  };
  return scalar(flexible ? 1 : 2, '', read as (reader: Reader) => string, write);
}

function bytes(flexible: boolean, nullable: boolean, initiallyNull: boolean): Codec {
  const none = Buffer.alloc(0);
  return {
    read: (reader) => {
      const length = flexible ? reader.compactLength() : reader.int32();
      if (length >= 0) return reader.view(length);
      if (length === -1 && nullable) return null;
      throw new ProtocolError('malformed', `bytes of length ${length} at ${reader.position}`);
    },
    write: (writer: Writer, value: Uint8Array | null) => {
      if (value === null && nullable) {
        if (flexible) writer.uvarint(0);
        else writer.int32(-1);
        return;
      }
      if (!(value instanceof Uint8Array)) writer.refuse(value, 'bytes');
      if (flexible) writer.uvarint(value.length + 1);
      else writer.int32(value.length);
      writer.raw(value);
    },
    leastBytes: flexible ? 1 : 4,
    initial: () => (initiallyNull ? null : none),
    isInitial: (value: Uint8Array | null) =>
      value === null ? initiallyNull : !initiallyNull && value.length === 0,
  };
}
