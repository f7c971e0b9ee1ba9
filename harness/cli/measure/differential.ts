/**
 * Random sequences of requests and of what kafkajs does, on the embedded broker and on a real
 * Apache Kafka, half of them on each version: the tests of `test/contract/kafka-*.test.ts`, asked
 * for more. They start Kafka themselves and are skipped, in a sentence, where Java or Maven is
 * missing.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '#content';
import type { Json } from '#kernel';
import type { Proven, Wanted } from './proofs.ts';

const versions = ['3.9.1', '4.3.1'] as const;

/** What the tests write, as far as it is read here. */
interface Written {
  readonly seed: number;
  readonly tally: {
    readonly sequences: number;
    readonly comparisons: number;
    readonly suppressed: Record<string, number>;
  };
  readonly difference?: Json;
}

export async function differential({ sequences, seedBase, say }: Wanted): Promise<Proven> {
  const folder = mkdtempSync(join(tmpdir(), 'crashproof-differential-'));
  const file = join(folder, 'found');
  const asked = { sequences: Math.ceil(sequences / versions.length), seed: seedBase, file };
  try {
    const said = await runTests(JSON.stringify(asked));
    const rows = versions.flatMap((version) => {
      const path = `${file}.${version}`;
      return existsSync(path) ? [[version, read(path)] as const] : [];
    });
    if (rows.length < versions.length) {
      const why = /^Apache Kafka .* is not tried here:.*$/m.exec(said)?.[0];
      if (why === undefined) say(said.slice(-3_000));
      const says = why ?? 'the tests did not come to an end';
      return { held: why !== undefined, skipped: why !== undefined, says, figures: {} };
    }
    return told(rows, say);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function told(rows: readonly (readonly [string, Written])[], say: Wanted['say']): Proven {
  const figures: Record<string, Json> = {};
  let [sequences, comparisons, suppressed, differences] = [0, 0, 0, 0];
  for (const [version, { seed, tally, difference }] of rows) {
    const explained = Object.values(tally.suppressed).reduce((sum, one) => sum + one, 0);
    say(`  Apache Kafka ${version}: ${tally.sequences} sequences, ${explained} explained`);
    if (difference !== undefined) say(JSON.stringify(difference, undefined, 2));
    figures[version] = {
      seed,
      sequences: tally.sequences,
      comparisons: tally.comparisons,
      suppressed: tally.suppressed,
    };
    sequences += tally.sequences;
    comparisons += tally.comparisons;
    suppressed += explained;
    differences += difference === undefined ? 0 : 1;
  }
  return {
    held: differences === 0 && suppressed * 100 <= comparisons,
    says:
      `${sequences} sequences, ${comparisons} comparisons, ${differences} unexplained ` +
      `differences, ${suppressed} comparisons suppressed`,
    figures: { sequences, comparisons, differences, suppressed, versions: figures },
  };
}

function runTests(asked: string): Promise<string> {
  const words = ['vitest', 'run', '--project', 'project', 'test/contract/kafka', '-t'];
  const child = spawn('npx', [...words, 'random sequences'], {
    cwd: projectRoot,
    env: { ...process.env, CRASHPROOF_DIFFERENTIAL: asked },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => said.push(bytes.toString()));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(said.join('')));
  });
}

const read = (path: string): Written => JSON.parse(readFileSync(path, 'utf8')) as Written;
