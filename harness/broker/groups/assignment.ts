/**
 * What a ConsumerProtocol assignment says. The coordinator never needs to know, only who watches does: bytes that
 * are something else (another protocol type, garbage) are read as "nothing".
 */
import type { TopicPartition } from '#protocol';

export function assignedPartitions(
  protocolType: string | null,
  bytes: Uint8Array,
): readonly TopicPartition[] {
  if (protocolType !== 'consumer' || bytes.length === 0) return [];
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

/** version int16, array of (topic, array of int32), user data: the same in every version. */
function decode(bytes: Buffer): TopicPartition[] {
  const partitions: TopicPartition[] = [];
  let at = 2;
  const int32 = (): number => {
    at += 4;
    return bytes.readInt32BE(at - 4);
  };
  for (let topics = int32(); topics > 0; topics--) {
    const length = bytes.readInt16BE(at);
    const end = at + 2 + length;
    if (length < 0 || end > bytes.length) throw new RangeError('a topic name ends after the bytes');
    const topic = bytes.toString('utf8', at + 2, end);
    at = end;
    for (let count = int32(); count > 0; count--) partitions.push({ topic, partition: int32() });
  }
  return partitions;
}
