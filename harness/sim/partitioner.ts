/** Where Kafka's clients put a keyed record: murmur2 over the key, sign bit dropped, modulo partitions. */
export function partitionOf(key: string | null, partitions: number, turn: () => number): number {
  if (key === null) return turn() % partitions;
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

/** The 32-bit murmur2 of Kafka's Java client (`Utils.murmur2`). */
export function murmur2(bytes: Uint8Array): number {
  const mix = 0x5bd1e995;
  let hash = (0x9747b28c ^ bytes.length) | 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    word = Math.imul(word, mix);
    word = Math.imul(word ^ (word >>> 24), mix);
    hash = Math.imul(hash, mix) ^ word;
  }
  const left = bytes.length - at;
  if (left > 0) {
    for (let i = left - 1; i >= 0; i--) hash ^= (bytes[at + i] as number) << (8 * i);
    hash = Math.imul(hash, mix);
  }
  hash = Math.imul(hash ^ (hash >>> 13), mix);
  return hash ^ (hash >>> 15);
}
