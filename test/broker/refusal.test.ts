/** Fault injection may refuse any request in any version: the error has to be in the answer. */
import { apiOfKey, apis, decodeResponse, encodeRequest, errorCode } from '#protocol';
import { expect, test } from 'vitest';
import { specimen } from '../protocol/specimens.ts';
import { Desk } from './desk.ts';

const code = errorCode('NOT_COORDINATOR');

function says(answer: unknown): boolean {
  if (Array.isArray(answer)) return answer.some(says);
  if (answer === null || typeof answer !== 'object') return false;
  return Object.entries(answer).some(
    ([name, value]) => (/errorcode$/i.test(name) && value === code) || says(value),
  );
}

test('every API that is served can be refused in every version', () => {
  const desk = new Desk();
  const { apiKeys } = desk.ask('ApiVersions', 2, {});
  const silent: string[] = [];
  let refused = 0;
  for (const { apiKey, minVersion, maxVersion } of apiKeys) {
    const api = apiOfKey(apiKey)!;
    for (let version = minVersion; version <= maxVersion; version++) {
      const body = specimen(apis[api].request, version, 'filled');
      const frame = encodeRequest(api, version, 1, 'desk', body);
      const [request] = desk.broker.receive(1, frame);
      if (request === 'close' || request === undefined) {
        desk.broker.connect(1); // an old version that closes
        continue;
      }
      const bytes = desk.broker.refuse(request, 'NOT_COORDINATOR');
      refused++;
      if (!says(decodeResponse(api, version, bytes.subarray(4)).body)) {
        silent.push(`${api} v${version}`);
      }
    }
  }
  expect(silent).toEqual([]);
  expect(refused).toBeGreaterThan(150);
});
