/** What a broker forgets with time: producers, transactional ids, offsets. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { commit, committed, stateOf } from '../groups.ts';
import { batchOf, clockGrainMs, type Place, type Scene } from '../scene.ts';
import { strict } from '../settings.ts';
import { initProducer, newProducer, Producer } from '../transactions.ts';

export const expiry = new Area('Expiry', { settings: strict });

const ofProducer = (kafka: Scene, place: Place, producerId: number, baseSequence: number) =>
  kafka.produce(place, batchOf(['a'], { producerId, producerEpoch: 0, baseSequence }));

expiry.holds('a producer that expired is new: its duplicate is appended again', async (kafka) => {
  const place = await kafka.place();
  const producerId = await kafka.producerId();
  const send = (sequence: number) => ofProducer(kafka, place, producerId, sequence);
  expect(await send(0)).toMatchObject({ error: 'NONE', baseOffset: 0 });
  await kafka.pass(6_000);
  expect(await send(0)).toMatchObject({ error: 'NONE', baseOffset: 1 });
});

expiry.holds('an open transaction keeps its producer from expiring', async (kafka) => {
  const place = await kafka.place();
  const producer = await new Producer(kafka).begin(place);
  await producer.write(place, 'a', { sequence: 0 });
  await kafka.pass(6_000);
  const again = await producer.write(place, 'a', { sequence: 0 });
  expect(again).toMatchObject({ error: 'NONE', baseOffset: 0 });
  await producer.settle('abort');
});

expiry.holds('a transactional id that expired is unknown, and then a new one', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  await kafka.pass(8_500);
  const unknown = 'INVALID_PRODUCER_ID_MAPPING';
  expect(await producer.addOnce([place])).toEqual([unknown]);
  expect(await producer.end('commit')).toBe(unknown);
  expect((await producer.write(place, 'a')).error).toBe(unknown);
  const anew = await initProducer(kafka, producer.id);
  expect(anew).toMatchObject({ error: 'NONE', producerEpoch: 0 });
  expect(anew.producerId).not.toBe(producer.producerId);
});

expiry.holds('an open transaction keeps its transactional id', async (kafka) => {
  const producer = await new Producer(kafka).begin(await kafka.place());
  await kafka.pass(8_500);
  expect(await producer.end('commit')).toBe('NONE');
});

const offsetsStay = 'offsets and groups stay until somebody deletes them';

expiry.exception(
  'an offset without a group expires a minute after its commit, and its group is dead',
  offsetsStay,
  async (kafka) => {
    const [place, group] = [await kafka.place(), kafka.unique('g')];
    const ms = await kafka.milliseconds(async () => {
      expect(await commit(kafka, group, place, { offset: 7 })).toBe('NONE');
      await kafka.pass(30_000);
      expect(await committed(kafka, group, place)).toBe(7);
      await kafka.until(
        () => committed(kafka, group, place),
        (offset) => offset === -1,
      );
    });
    expect(ms).toBeGreaterThanOrEqual(60_000 - clockGrainMs);
    await kafka.until(
      () => stateOf(kafka, group),
      (state) => state === 'Dead',
    );
    const { results } = await kafka.ask('DeleteGroups', 2, { groupsNames: [group] });
    expect(errorName(results[0].errorCode)).toBe('GROUP_ID_NOT_FOUND');
  },
);
