/**
 * What is remembered of a chapter in `.crashproof/<chapter>/`: schedules that broke the exercise, as k1.json, k2.json,
 * and how often each finding was seen. Ignored by git; a file that cannot be read is left alone and skipped.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalSchedule, parseSchedule, printSchedule, type Schedule } from '#schedule';

export interface Saved {
  readonly id: string;
  readonly schedule: Schedule;
}

export interface Corpus {
  /** What is saved can be asked for by its id later. */
  readonly keeps: boolean;
  readonly saved: readonly Saved[];
  /** The id under which it is kept: the old one if it was kept before. */
  save(schedule: Schedule): string;
  /** Counts a finding; answers how often it had been seen before. */
  seen(signature: string): number;
}

export function openCorpus(root: string, chapter: string): Corpus {
  const folder = join(root, '.crashproof', chapter);
  const seenFile = join(folder, 'seen.json');
  const saved = readAll(folder);
  return {
    keeps: true,
    saved,
    save(schedule) {
      const text = canonicalSchedule(schedule);
      const known = saved.find((each) => canonicalSchedule(each.schedule) === text);
      if (known !== undefined) return known.id;
      const last = Math.max(0, ...saved.map(({ id }) => Number(id.slice(1))));
      const id = `k${last + 1}`;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${id}.json`), printSchedule(schedule));
      saved.push({ id, schedule });
      return id;
    },
    seen(signature) {
      const counts = readCounts(seenFile);
      const before = counts[signature] ?? 0;
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        seenFile,
        `${JSON.stringify({ ...counts, [signature]: before + 1 }, null, 2)}\n`,
      );
      return before;
    },
  };
}

/** Nothing is read and nothing is kept. */
export const forgetful: Corpus = { keeps: false, saved: [], save: () => 'k1', seen: () => 0 };

function readAll(folder: string): Saved[] {
  const saved: Saved[] = [];
  for (const name of list(folder)) {
    const id = /^(k\d+)\.json$/.exec(name)?.[1];
    if (id === undefined) continue;
    const read = parseSchedule(readFileSync(join(folder, name), 'utf8'));
    if (read.ok) saved.push({ id, schedule: read.value });
  }
  return saved.toSorted((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readCounts(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}
