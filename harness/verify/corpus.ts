/**
 * What is remembered of a chapter in `.crashproof/<chapter>/`: schedules that broke the exercise,
 * as k1.json, k2.json, and which states of the code showed each finding. Ignored by git; a file
 * that cannot be read is left alone and skipped.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Level } from '#kit';
import {
  canonicalSchedule,
  levelOf,
  parseSchedule,
  printSchedule,
  type ChapterFaults,
  type Schedule,
} from '#schedule';

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
  /**
   * How many other states of the code had shown this finding before this one did. `code` is the hash of this state;
   * only a search is remembered, so that looking once more at what was found changes nothing.
   */
  seen(signature: string, code: string, remember: boolean): number;
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
    seen(signature, code, remember) {
      const all = readSeen(seenFile);
      const known = all[signature] ?? [];
      const before = known.indexOf(code);
      if (before >= 0) return before;
      if (!remember) return Math.max(0, known.length - 1);
      mkdirSync(folder, { recursive: true });
      const next = { ...all, [signature]: [...known, code] };
      writeFileSync(seenFile, `${JSON.stringify(next, undefined, 2)}\n`);
      return known.length;
    },
  };
}

/** What a harsher level found is not held against the answer to a milder one. */
export function upTo(
  level: Level,
  saved: readonly Saved[],
  chapter: Pick<ChapterFaults, 'roles'>,
): readonly Schedule[] {
  return saved
    .map(({ schedule }) => schedule)
    .filter((schedule) => levelOf(schedule, chapter) <= level);
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

/** Also of what an earlier version wrote: it only counted. */
function readSeen(file: string): Record<string, readonly string[]> {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(read).map(([signature, codes]) => [
        signature,
        Array.isArray(codes) ? codes.map(String) : [],
      ]),
    );
  } catch {
    return {};
  }
}
