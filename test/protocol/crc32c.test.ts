import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from '#protocol';

test.each([
  ['nothing', Buffer.alloc(0), 0x00000000],
  ['the nine digits', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros (RFC 3720)', Buffer.alloc(32), 0x8a9136aa],
  ['32 ones (RFC 3720)', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['0 to 31 (RFC 3720)', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['31 to 0 (RFC 3720)', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
])('the checksum of %s is the published one', (_name, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

test('eight bytes at a time gives what one bit at a time gives, for any part of a buffer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (bytes, a, b) => {
      const start = Math.min(a, b, bytes.length);
      const end = Math.min(Math.max(a, b), bytes.length);
      expect(crc32c(bytes, start, end)).toBe(bitwise(bytes.subarray(start, end)));
    }),
  );
});

function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
