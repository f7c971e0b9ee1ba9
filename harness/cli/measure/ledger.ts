/**
 * `docs/proof.json`: what was measured and proven, where and on which commit. One section a
 * measurement; a new one replaces its section and leaves the others.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '#content';
import type { Json } from '#kernel';
import { headCommit } from '../seeds.ts';

const file = join(projectRoot, 'docs/proof.json');

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGb: number;
  readonly platform: string;
  readonly node: string;
  /** How busy it was, with other things too: timings of a loaded machine say little. */
  readonly loadAverage: readonly number[];
}

export function machine(): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

export function keepSection(name: string, result: Record<string, Json>): void {
  const { hash, changed } = headCommit();
  const section = {
    commit: hash,
    ...(changed && { changed }),
    date: new Date().toISOString(),
    machine: { ...machine() },
    ...result,
  };
  const sections = { ...read(), [name]: section };
  const sorted = Object.fromEntries(
    Object.entries(sections).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  writeFileSync(file, `${JSON.stringify({ version: 1, sections: sorted }, null, 2)}\n`);
}

/** Whether there is a result of an earlier time. */
export function isKept(name: string): boolean {
  return Object.hasOwn(read(), name);
}

function read(): Record<string, Json> {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { sections: Record<string, Json> }).sections;
  } catch {
    return {}; // nothing kept yet
  }
}
