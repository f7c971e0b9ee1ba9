/** Fetch sessions (KIP-227): only what has changed comes again. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { batchOf, type Place, type Scene } from '../scene.ts';

export const fetchSessions = new Area('Fetch sessions');

interface Session {
  readonly error: string;
  readonly sessionId: number;
  /** Partitions in the answer, with the length of what came. */
  readonly told: readonly (readonly [partition: number, bytes: number, error: string])[];
}

async function ask(
  kafka: Scene,
  sessionId: number,
  sessionEpoch: number,
  places: readonly (readonly [Place, number])[] = [],
): Promise<Session> {
  const topics = places.map(([{ topic, partition }, fetchOffset]) => ({
    topic,
    partitions: [{ partition, fetchOffset, partitionMaxBytes: 1 << 20 }],
  }));
  const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20 };
  const body = { ...limits, isolationLevel: 0, sessionId, sessionEpoch, topics };
  const answer = await kafka.ask('Fetch', 11, body);
  return {
    error: errorName(answer.errorCode),
    sessionId: answer.sessionId,
    told: answer.responses.flatMap(({ partitions }: any) =>
      partitions.map((one: any) => [
        one.partitionIndex,
        one.records.length,
        errorName(one.errorCode),
      ]),
    ),
  };
}

fetchSessions.holds('(0, -1) is answered in full and opens none', async (kafka) => {
  const place = await kafka.place();
  const answer = await ask(kafka, 0, -1, [[place, 0]]);
  expect(answer).toEqual({ error: 'NONE', sessionId: 0, told: [[place.partition, 0, 'NONE']] });
});

fetchSessions.holds('(0, 0) is answered in full', async (kafka) => {
  const place = await kafka.place();
  const answer = await ask(kafka, 0, 0, [[place, 0]]);
  expect(answer).toMatchObject({ error: 'NONE', told: [[place.partition, 0, 'NONE']] });
});

for (const [id, epoch] of [
  [17, 1],
  [0, 5],
] as const) {
  fetchSessions.holds(`(${id}, ${epoch}) does not exist`, async (kafka) => {
    expect(await ask(kafka, id, epoch)).toMatchObject({
      error: 'FETCH_SESSION_ID_NOT_FOUND',
      sessionId: 0,
      told: [],
    });
  });
}

const never = 'it never grants a session, which is legal: its answers carry the id 0';

async function opened(kafka: Scene): Promise<{ id: number; places: readonly Place[] }> {
  const places = await kafka.topic({}, 2);
  const { sessionId } = await ask(
    kafka,
    0,
    0,
    places.map((place) => [place, 0]),
  );
  return { id: sessionId, places };
}

fetchSessions.exception('(0, 0) opens one', never, async (kafka) => {
  expect((await opened(kafka)).id).not.toBe(0);
});

fetchSessions.exception('in a session only what has changed comes', never, async (kafka) => {
  const { id, places } = await opened(kafka);
  expect((await ask(kafka, id, 1)).told).toEqual([]);
  const sent = batchOf(['a']);
  await kafka.produce(places[1]!, sent);
  const changed = [[1, sent.length, 'NONE']];
  expect((await ask(kafka, id, 2)).told).toEqual(changed);
  // Still unread, so it comes again.
  expect((await ask(kafka, id, 3)).told).toEqual(changed);
});

fetchSessions.exception('a wrong epoch is told, and the session goes on', never, async (kafka) => {
  const { id } = await opened(kafka);
  expect(await ask(kafka, id, 7)).toMatchObject({
    error: 'INVALID_FETCH_SESSION_EPOCH',
    sessionId: 0,
  });
  expect(await ask(kafka, id, 1)).toMatchObject({ error: 'NONE', sessionId: id });
});

fetchSessions.exception('(id, -1) closes it and is answered in full', never, async (kafka) => {
  const { id, places } = await opened(kafka);
  const answer = await ask(kafka, id, -1, [[places[0]!, 0]]);
  expect(answer).toEqual({ error: 'NONE', sessionId: 0, told: [[0, 0, 'NONE']] });
  expect((await ask(kafka, id, 1)).error).toBe('FETCH_SESSION_ID_NOT_FOUND');
});

fetchSessions.exception('an unknown partition comes in every answer', never, async (kafka) => {
  const [place] = await kafka.topic();
  const unknown = { topic: place!.topic, partition: 999 };
  const { sessionId } = await ask(kafka, 0, 0, [
    [place!, 0],
    [unknown, 0],
  ]);
  for (const epoch of [1, 2]) {
    const { told } = await ask(kafka, sessionId, epoch);
    expect(told).toEqual([[999, 0, 'UNKNOWN_TOPIC_OR_PARTITION']]);
  }
});
