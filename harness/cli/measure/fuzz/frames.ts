/**
 * Frames that a hostile client might send, out of the message schemas and a seed: whole requests
 * with small worlds of names and numbers, so that they get past the first question, and the same
 * with bytes cut, overwritten, doubled, or with lengths that lie. Now and then an array is long and
 * says the same thing again and again.
 */
import type { Random } from '#kernel';
import { apis, covers, encodeBatch, encodeRequest, type ApiName, type Field } from '#protocol';

/** Names that hostile requests are about; nobody else uses them. */
export const hostileTopics = ['hostile', 'hostile.b', 'hostile_b'];
const groups = ['hostile-group', 'hostile-other', ''];
const words = [
  '',
  'x',
  'consumer',
  'range',
  'retention.ms',
  'cleanup.policy',
  'compact',
  'ü',
  'a b',
];
const integers = [-2, -1, 0, 1, 2, 3, 4, 7, 100, 6000, 10_000, 0x7fff_ffff, -0x8000_0000];
const longs = [...integers, 0x7fff_ffff_ffff, -(2 ** 52), 2 ** 53 - 1];

const apiNames = Object.keys(apis) as ApiName[];

export function hostileFrame(random: Random, correlationId: number): Buffer {
  const frame = request(random, correlationId);
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return frame;
    case 3:
      return announced(random, frame.subarray(0, random.below(frame.length)));
    case 4:
      return noise(random);
    case 5:
      return Buffer.concat([frame, request(random, correlationId + 1)]);
    case 6:
      return announced(random, Buffer.concat([frame, frame.subarray(4)]));
    default:
      return overwritten(random, frame);
  }
}

/** With a length prefix that fits, most times. */
function announced(random: Random, frame: Buffer): Buffer {
  if (frame.length < 4) return frame;
  const copy = Buffer.from(frame);
  const lies = random.below(4) === 0;
  copy.writeInt32BE(lies ? pick(random, integers) : copy.length - 4, 0);
  return copy;
}

function noise(random: Random): Buffer {
  const bytes = Buffer.alloc(4 + random.below(200));
  random.fill(bytes);
  if (random.below(3) > 0) bytes.writeInt32BE(bytes.length - 4, 0);
  return bytes;
}

/** Behind the length prefix: extremes where a length or a count may stand, or any bytes. */
function overwritten(random: Random, frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    const at = 4 + random.below(Math.max(1, copy.length - 4));
    const kind = random.below(3);
    if (kind === 0 && at + 4 <= copy.length) copy.writeInt32BE(pick(random, integers), at);
    else if (kind === 1 && at + 2 <= copy.length) copy.writeInt16BE(-random.below(3), at);
    else if (at < copy.length) copy[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
  }
  return copy;
}

function request(random: Random, correlationId: number): Buffer {
  const api = pick(random, apiNames);
  const { min, max } = apis[api].versions;
  const version = min + random.below(max - min + 1);
  const body = bodyOf(random, apis[api].request, version, 0);
  return encodeRequest(api, version, correlationId, pick(random, ['hostile', null]), body);
}

type Body = Record<string, unknown>;

function bodyOf(random: Random, fields: readonly Field[], version: number, depth: number): Body {
  const body: Body = {};
  for (const field of fields) {
    if (!covers(field.versions, version)) continue;
    body[field.name] = valueOf(random, field, version, depth);
  }
  return body;
}

function valueOf(random: Random, field: Field, version: number, depth: number): unknown {
  const { type, nullableVersions } = field;
  if (covers(nullableVersions, version) && random.below(6) === 0) return null;
  if (!type.startsWith('[]')) return elementOf(random, field, type, version, depth);
  const count = random.below(depth > 2 ? 2 : 4);
  if (depth <= 1 && random.below(400) === 0) return many(random, field, version, depth);
  return Array.from({ length: count }, () =>
    elementOf(random, field, type.slice(2), version, depth),
  );
}

/**
 * Thousands of them, the same few again and again: small frames that ask for much. None of them has
 * thousands of its own, for no frame has room for millions.
 */
function many(random: Random, field: Field, version: number, depth: number): unknown[] {
  const one = (): unknown => elementOf(random, field, field.type.slice(2), version, depth + 2);
  const some = [one(), one(), one()];
  const count = pick(random, [1_000, 10_000, 60_000]);
  return Array.from({ length: count }, (_, index) => some[index % some.length]);
}

function elementOf(
  random: Random,
  field: Field,
  type: string,
  version: number,
  depth: number,
): unknown {
  switch (type) {
    case 'bool':
      return random.below(2) === 1;
    case 'int8':
      return pick(random, [-1, 0, 1, 2, 3, 4, 127, -128]);
    case 'int16':
      return pick(random, [-1, 0, 1, 2, 5, 0x7fff, -0x8000]);
    case 'int32':
      return pick(random, integers);
    case 'int64':
      return pick(random, longs);
    case 'uuid':
      return '00000000-0000-0000-0000-000000000000';
    case 'string':
      return text(random, field.name);
    case 'bytes':
      return blob(random);
    case 'records':
      return records(random);
    default:
      return bodyOf(random, field.fields ?? [], version, depth + 1);
  }
}

function text(random: Random, name: string): string {
  if (random.below(8) === 0) return pick(random, words);
  if (/topic|^name$|resourceName/i.test(name)) return pick(random, hostileTopics);
  if (/group|^key$|coordinatorKeys/i.test(name)) return pick(random, groups);
  return pick(random, words);
}

function blob(random: Random): Buffer {
  const bytes = Buffer.alloc(random.below(40));
  random.fill(bytes);
  return bytes;
}

function records(random: Random): Buffer {
  if (random.below(4) === 0) return blob(random);
  const producerId = pick(random, [-1, 0, 1]);
  const batch = encodeBatch({
    records: Array.from({ length: 1 + random.below(3) }, () => ({ key: 'k', value: 'v' })),
    producerId,
    producerEpoch: producerId < 0 ? -1 : random.below(2),
    baseSequence: producerId < 0 ? -1 : random.below(4),
    compression: pick(random, ['none', 'none', 'gzip', 'zstd'] as const),
  });
  if (random.below(3) === 0) batch[random.below(batch.length)] = random.below(256);
  return batch;
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)]!;
}
