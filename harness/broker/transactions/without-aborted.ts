/**
 * What a log answered, without the batches of aborted transactions: kinder than any Kafka, which
 * sends them together with a list. For finding out whether a client skips them as it should.
 */
import { readBatchHeader } from '#protocol';
import type { PartitionLog } from '../log.ts';

/** `records` as read from offset `from`; markers stay, so that no offset is waited for. */
export function withoutAborted(log: PartitionLog, from: number, records: Buffer): Buffer {
  const kept: Buffer[] = [];
  let at = 0;
  for (const { bytes, baseOffset, control } of log.batches.slice(log.find(from))) {
    if (at >= records.length) break;
    const part = records.subarray(at, at + bytes.length);
    const { producerId } = readBatchHeader(bytes);
    if (control || !log.transactions.isAborted(producerId, baseOffset)) kept.push(part);
    at += bytes.length;
  }
  return Buffer.concat(kept);
}
