/** Shows every case of the contract on one broker, each as a test of its own, many at a time. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrokerOptions } from '#broker';
import type { Area, Behaviour, Line, Race } from './area.ts';
import { areas } from './areas.ts';
import { InProcess } from './in-process.ts';
import { Pool } from './pool.ts';
import { playEveryWay } from './races.ts';
import { untilReady } from './ready.ts';
import { Scene } from './scene.ts';
import { allSettings, embeddedAs, usual, type Settings } from './settings.ts';
import type { Running } from './wire.ts';

/** A race on a real broker is run this often; every outcome must be one that is listed. */
const tries = 8;
/** A coordinator that is still busy when its markers are written: a moment of its own. */
const everyMoment: BrokerOptions = { completionDelayMs: 1 };
/** Some of them wait a minute for what Kafka forgets. */
const limitMs = 150_000;

const holdsOn = (one: Behaviour | Race, line: Line): boolean =>
  one.line === undefined || one.line === line;

/** Every case a broker of its own, in virtual time; races in every order of events. */
export function runInProcess(line: Line): void {
  for (const area of areas) {
    const options = embeddedAs(line, area.settings);
    eachCase(area, line, (one) => {
      if (one.notEmbedded !== undefined) return undefined;
      if (one.kind === 'behaviour') {
        return async () => {
          const running = new InProcess(options);
          await one.show(new Scene(running, new Pool(running, 3), 'case'));
          await running.stop();
        };
      }
      return async () => {
        const outcomes = [...(await playEveryWay(one, { ...options, ...everyMoment })).keys()];
        expect(outcomes.toSorted()).toEqual(one.outcomes.toSorted());
      };
    });
  }
}

/**
 * All cases, on one broker behind an address for each of the settings; `usually` adds tests to those
 * with the usual ones.
 */
export function runAgainst(
  line: Line,
  real: boolean,
  start: (settings: Settings) => Promise<Running>,
  startMs: number,
  usually: (running: () => Running) => void = () => {},
): void {
  for (const settings of allSettings) {
    const here = areas.filter((area) => area.settings === settings);
    describe(`settings: ${settings.name}`, () => {
      let running: Running;
      let pool: Pool;
      let count = 0;
      beforeAll(async () => {
        running = await start(settings);
        pool = new Pool(running, 60);
      }, startMs);
      afterAll(() => running?.stop());
      const showing = (one: Behaviour | Race) =>
        showingOn(one, real, () => new Scene(running, pool, String(++count)));
      for (const area of here.filter(({ cold }) => cold)) eachCase(area, line, showing);
      const warm = here.filter(({ cold }) => !cold);
      if (warm.length === 0) return;
      describe('warm', () => {
        beforeAll(async () => {
          await untilReady(running);
          await pool.take();
        }, startMs);
        for (const area of warm) eachCase(area, line, showing);
        if (settings === usual) usually(() => running);
      });
    });
  }
}

function showingOn(
  one: Behaviour | Race,
  real: boolean,
  scene: () => Scene,
): (() => Promise<void>) | undefined {
  if (one.notEmbedded !== undefined && !real) return undefined;
  if (one.kind === 'behaviour') return () => one.show(scene());
  const outcomes = [...one.outcomes, ...(real && one.onlyKafka ? [one.onlyKafka.outcome] : [])];
  return async () => {
    for (let round = 0; round < tries; round++) {
      expect(outcomes).toContain(await one.play(scene()));
    }
  };
}

function eachCase(
  { name, cases, alone }: Area,
  line: Line,
  showing: (one: Behaviour | Race) => (() => Promise<void>) | undefined,
): void {
  const rows = cases
    .filter((one) => holdsOn(one, line))
    .map((one) => ({ says: one.says, show: showing(one) }))
    .filter(({ show }) => show !== undefined);
  if (rows.length === 0) return;
  const together = { concurrent: !alone };
  describe.each([{ name }])('$name', together, () => {
    test.each(rows)('$says', { ...together, timeout: limitMs }, ({ show }) => show!());
  });
}
