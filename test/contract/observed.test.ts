/** The table of what was seen, held against the cases there are. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { notOffered, offeredBy } from './advertised.ts';
import { areas } from './areas.ts';
import { InProcess } from './in-process.ts';
import { observed } from './observed.ts';
import { embeddedAs } from './settings.ts';

const all = areas.flatMap(({ name, cases }) =>
  cases.map((one) => ({ title: `${name} › ${one.says}`, notEmbedded: one.notEmbedded })),
);
const begins = (start: string) => all.filter(({ title }) => title.startsWith(start));

test.each(observed)('$topic, $what: is shown, or says why not', (row) => {
  const { cases, elsewhere, exception } = row;
  const ways = [cases.length > 0, elsewhere !== undefined, exception !== undefined];
  expect(ways.filter(Boolean)).toHaveLength(1);
  expect(cases.filter((start) => begins(start).length === 0)).toEqual([]);
  if (elsewhere !== undefined) expect(readFileSync(elsewhere[0], 'utf8')).toContain(elsewhere[1]);
  expect(exception).not.toBe('');
});

test('every case that only a real Kafka shows is in the table', () => {
  const named = new Set(observed.flatMap(({ cases }) => cases.flatMap((start) => begins(start))));
  const unnamed = all.filter((one) => one.notEmbedded !== undefined && !named.has(one));
  expect(unnamed.map(({ title }) => title)).toEqual([]);
});

test('every area of the contract is in the table', () => {
  const starts = observed.flatMap(({ cases }) => cases);
  const absent = areas.filter(({ name }) => !starts.some((one) => one.startsWith(`${name} › `)));
  expect(absent.map(({ name }) => name)).toEqual([]);
});

test.each(['3.9', '4'] as const)('what is not offered of Kafka %s is listed', async (line) => {
  const running = new InProcess(embeddedAs(line));
  const wire = await running.open();
  const { apiKeys } = await wire.ask('ApiVersions', 0, {});
  const ours = new Map<number, { minVersion: number; maxVersion: number }>(
    apiKeys.map((one: any) => [one.apiKey, one]),
  );
  const missing = offeredBy(line).flatMap(({ key, api, min, max }) => {
    const served = ours.get(key);
    if (served === undefined) return [api];
    const below = min < served.minVersion ? [`${api} ${min}-${served.minVersion - 1}`] : [];
    const above = max > served.maxVersion ? [`${api} ${served.maxVersion + 1}-${max}`] : [];
    return [...below, ...above];
  });
  expect(missing.toSorted()).toEqual(notOffered[line].toSorted());
  await running.stop();
});
