/** Crash coverage of everything a chapter claims something about: is each call tried, and does each ✗ come again? */
import type { Chapter } from '#content';
import { claimsOf, gateDefaults, type Coverage, type Engine } from '#verify';

export interface Painted {
  readonly name: string;
  /** Calls with marks. */
  readonly calls: number;
  /** Marks that say that something breaks there, and those of them that did not come again byte for byte. */
  readonly broken: number;
  readonly notAgain: readonly string[];
  /** Calls of which a moment was not tried, or that were never reached. */
  readonly open: readonly string[];
  /** Why there is nothing to see. */
  readonly unavailable?: string;
}

const budgetMs = 600_000;

/** Solution and mutants, each at the level of its claim. */
export async function* paint(
  engine: Engine,
  chapter: Chapter,
  seed: number,
): AsyncGenerator<Painted> {
  for (const { kind, name, level, request } of claimsOf(chapter, gateDefaults)) {
    if (kind !== 'solution' && kind !== 'mutant') continue;
    const { chapter: folder, folders } = request;
    const asked = { chapter: folder, folders, level, seed, budgetMs, runs: 1, remember: false };
    const { coverage } = await engine.check({ ...asked, coverage: true, verify: true });
    yield painted(`${folder} ${name}`, coverage);
  }
}

function painted(name: string, coverage: Coverage | undefined): Painted {
  const sites = coverage?.sites ?? [];
  const marks = sites.flatMap(({ file, line, before, during, after }) =>
    Object.entries({ before, during, after }).map(([moment, mark]) => ({
      where: `${file}:${line} ${moment}`,
      ...mark,
    })),
  );
  const broken = marks.filter(({ word }) => word === 'breaks');
  const unavailable = coverage === undefined ? 'no report' : coverage.unavailable;
  return {
    name,
    calls: sites.length,
    broken: broken.length,
    notAgain: broken.filter(({ finding }) => finding?.replayed !== true).map(({ where }) => where),
    open: [
      ...marks.filter(({ tried, of }) => tried < of).map(({ where }) => where),
      ...sites
        .filter(({ reached }) => reached === 'never')
        .map(({ file, line }) => `${file}:${line} never reached`),
    ],
    ...(unavailable !== undefined && { unavailable }),
  };
}
