/**
 * One Apache Kafka: every case of the contract, then random sequences on it and on the embedded
 * broker.
 *
 * The seed rotates by commit. `npm run proof -- differential` asks for more through the
 * environment: how many sequences, from which seed, and a file for what was compared.
 */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { seedBase } from '../../harness/cli/seeds.ts';
import { startKafka, type KafkaVersion } from '../support/apache-kafka.ts';
import type { Line } from './area.ts';
import { differential } from './differential/differential.ts';
import { runAgainst } from './run.ts';
import { embeddedAs } from './settings.ts';
import { overTcp, type Running } from './wire.ts';

const asked = process.env['CRASHPROOF_DIFFERENTIAL'];
/** Half a minute a version for each commit; as long as it takes for the proof. */
const limitMs = asked === undefined ? 25_000 : 3_600_000;

interface Asked {
  readonly sequences: number;
  readonly seed: number;
  /** The version is added to its name. */
  readonly file: string;
}

export function runOnKafka(line: Line, version: KafkaVersion): void {
  runAgainst(
    line,
    true,
    async ({ kafka: settings, nodes }) => {
      const kafka = await startKafka(version, settings, nodes);
      return overTcp(kafka.addresses, () => kafka.stop());
    },
    300_000,
    (running) => compareWithEmbedded(line, version, running),
  );
}

function compareWithEmbedded(line: Line, version: KafkaVersion, running: () => Running): void {
  test(
    'random sequences are answered as by the embedded broker',
    async () => {
      const wanted: Asked | undefined = asked === undefined ? undefined : JSON.parse(asked);
      const seed = (wanted?.seed ?? seedBase()) + (line === '4' ? 1_000 : 0);
      const count = wanted?.sequences ?? 2_000;
      const found = await differential(running(), embeddedAs(line), { seed, count, limitMs });
      const { tally, difference } = found;
      if (wanted !== undefined) {
        writeFileSync(`${wanted.file}.${version}`, JSON.stringify({ ...found, seed }));
      }
      if (difference !== undefined) throw new Error(JSON.stringify(difference, undefined, 2));
      expect(tally.comparisons).toBeGreaterThan(tally.sequences);
      const suppressed = Object.values(tally.suppressed).reduce((sum, one) => sum + one, 0);
      expect(suppressed).toBeLessThanOrEqual(tally.comparisons / 100);
    },
    limitMs + 120_000,
  );
}
