/** Byte for byte what Kafka's own message classes write, in every version of every API. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  apis,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type ApiName,
} from '#protocol';
import { completed, messageKinds, type Direction } from './bodies.ts';
import { specimen, type Specimen } from './specimens.ts';

const kafkaBytes = ['kafka-3.9.1-bytes.txt', 'kafka-4.3.1-bytes.txt']
  .flatMap((file) => readFileSync(new URL(file, import.meta.url), 'utf8').split('\n'))
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [api, version, direction, which, hex] = line.split(' ');
    return {
      api: api as ApiName,
      version: Number(version),
      direction: direction as Direction,
      which: which?.replace('-', ' ') as Specimen,
      hex: hex ?? '',
    };
  });

test.each(kafkaBytes)('$api v$version $direction, $which', (kind) => {
  const { api, version, direction, which, hex } = kind;
  const fields = apis[api][direction];
  const body = specimen(fields, version, which);
  const frame =
    direction === 'request'
      ? encodeRequest(api, version, 1, null, body)
      : encodeResponse(api, version, 1, body);
  expect(frame.toString('hex', frame.length - hex.length / 2)).toBe(hex);

  const read =
    direction === 'request'
      ? decodeRequest(frame.subarray(4)).body
      : decodeResponse(api, version, frame.subarray(4)).body;
  expect(read).toStrictEqual(completed(fields, version, body));
});

test('the header before the body is all that is left', () => {
  for (const { api, version, direction, which, hex } of kafkaBytes) {
    const body = specimen(apis[api][direction], version, which);
    const flexible = version >= apis[api].flexibleFrom ? 1 : 0;
    const frame =
      direction === 'request'
        ? encodeRequest(api, version, 1, null, body)
        : encodeResponse(api, version, 1, body);
    const header =
      direction === 'request' ? 14 + flexible : 8 + (api === 'ApiVersions' ? 0 : flexible);
    expect(frame.length - hex.length / 2, `${api} v${version} ${direction}`).toBe(header);
  }
});

test('no version of any message is missing', () => {
  const seen = new Set(kafkaBytes.map((kind) => `${kind.api} ${kind.version} ${kind.direction}`));
  const all = messageKinds.map((kind) => `${kind.api} ${kind.version} ${kind.direction}`);
  expect(all.filter((name) => !seen.has(name))).toEqual([]);
  expect(seen.size).toBe(all.length);
});
