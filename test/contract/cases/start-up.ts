/**
 * The first seconds of a broker, while it makes the topics that groups and transactions live in.
 * The order matters: each case is the first to ask for what it asks.
 */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import type { Scene } from '../scene.ts';
import { strict } from '../settings.ts';
import type { Body } from '../wire.ts';

export const startUp = new Area('Start-up', { settings: strict, alone: true, cold: true });

const atOnce = 'a coordinator is there at once, and so are producer ids';

/** The errors until there is none, each told once for as long as it lasts. */
async function heardUntilGood(kafka: Scene, ask: () => Promise<Body>): Promise<string[]> {
  const heard: string[] = [];
  await kafka.until(
    async () => {
      const { errorCode } = await ask();
      const error = errorName(errorCode);
      if (heard.at(-1) !== error) heard.push(error);
      return error;
    },
    (error) => error === 'NONE',
  );
  return heard;
}

startUp.exception(
  'the first producer id: COORDINATOR_LOAD_IN_PROGRESS until there is a block of them',
  atOnce,
  async (kafka) => {
    const body = { transactionalId: null, transactionTimeoutMs: 0 };
    const heard = await heardUntilGood(kafka, () => kafka.ask('InitProducerId', 1, body));
    // By chance the block came before the question.
    expect([['COORDINATOR_LOAD_IN_PROGRESS', 'NONE'], ['NONE']]).toContainEqual(heard);
  },
);

startUp.exception(
  'a group that is asked for first: 15, then 16 or 14 for seconds, then good',
  atOnce,
  async (kafka) => {
    const finding = await heardUntilGood(kafka, () =>
      kafka.ask('FindCoordinator', 2, { key: 'first', keyType: 0 }),
    );
    expect(finding).toEqual(['COORDINATOR_NOT_AVAILABLE', 'NONE']);
    const fetching = await heardUntilGood(kafka, () =>
      kafka.ask('OffsetFetch', 5, { groupId: 'first', topics: null }),
    );
    expect(fetching.at(-1)).toBe('NONE');
    for (const error of fetching.slice(0, -1)) {
      expect(['NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS']).toContain(error);
    }
  },
);

startUp.exception(
  'a transactional id without a coordinator: 16; looked for: 15, then 16 and 14, then good',
  atOnce,
  async (kafka) => {
    const body = { transactionalId: 'first', transactionTimeoutMs: 60_000 };
    const init = () => kafka.ask('InitProducerId', 2, body);
    expect(errorName((await init()).errorCode)).toBe('NOT_COORDINATOR');
    const finding = await heardUntilGood(kafka, () =>
      kafka.ask('FindCoordinator', 2, { key: 'first', keyType: 1 }),
    );
    expect(finding).toEqual(['COORDINATOR_NOT_AVAILABLE', 'NONE']);
    const heard = await heardUntilGood(kafka, init);
    for (const error of heard.slice(0, -1)) {
      expect(['NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS']).toContain(error);
    }
  },
);
