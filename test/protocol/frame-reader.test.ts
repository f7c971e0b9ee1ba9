import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader, ProtocolError } from '#protocol';

function framed(content: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length);
  return Buffer.concat([length, content]);
}

test('frames come out whole however the stream was cut', () => {
  const contents = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(contents, fc.array(fc.integer({ min: 0, max: 30 })), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(framed));
      const reader = new FrameReader();
      const read: Buffer[] = [];
      let at = 0;
      for (const size of [...cuts, stream.length]) {
        read.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(read).toStrictEqual(frames.map((frame) => Buffer.from(frame)));
    }),
  );
});

test.each([0, -1, -(2 ** 31), 104_857_601, 2 ** 31 - 1])(
  'a frame of %i bytes is refused',
  (size) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(size);
    expect(() => new FrameReader().push(length)).toThrow(ProtocolError);
  },
);

test('the largest frame Kafka takes is waited for', () => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(104_857_600);
  expect(new FrameReader().push(length)).toStrictEqual([]);
});

test('text of another protocol is refused at once', () => {
  expect(() => new FrameReader().push(Buffer.from('GET / HTTP/1.1'))).toThrow('a frame of');
});
