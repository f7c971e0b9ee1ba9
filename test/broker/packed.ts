/** Batches that unpack to far more than they are. */
import { zstdCompressSync } from 'node:zlib';
import { crc32c, encodeBatch } from '#protocol';

const recordsAt = 61;

/** So many empty records in zstd, each at its offset, or all at the first one. */
export function packed(count: number, inOrder: boolean): Buffer {
  const head = encodeBatch({ records: [{ value: null }], compression: 'zstd' });
  const records = Buffer.alloc(count * 11);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const sizeAt = at++;
    records[at++] = 0; // attributes
    records[at++] = 0; // timestamp
    for (let delta = inOrder ? 2 * index : 0; ; delta = Math.floor(delta / 128)) {
      records[at++] = delta < 128 ? delta : (delta % 128) | 128;
      if (delta < 128) break;
    }
    records[at++] = 1; // no key
    records[at++] = 1; // no value
    records[at++] = 0; // no headers
    records[sizeAt] = 2 * (at - sizeAt - 1);
  }
  const batch = Buffer.concat([
    head.subarray(0, recordsAt),
    zstdCompressSync(records.subarray(0, at)),
  ]);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(count - 1, 23);
  batch.writeInt32BE(count, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}
