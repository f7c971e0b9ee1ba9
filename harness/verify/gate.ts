/**
 * Does a chapter prove what it says? Four ways: its stub fails exactly as declared, its solution
 * holds, every variant is accepted, every mutant is caught by the property it names. Nothing saved
 * is used and nothing is kept. Files and text are checked by `checkChapters` before.
 *
 * Left out: whether the MDX compiles (the workbench draws it), and whether a mutant breaks only
 * what it names: one wrong line often breaks several properties.
 */
import type { Chapter } from '#content';
import type { Level } from '#kit';
import type { Schedule } from '#schedule';
import type { Engine, EngineRequest, Searched } from './open-engine.ts';

export type ClaimKind = 'stub' | 'solution' | 'variant' | 'mutant';

/** One thing that a chapter says of one of its services. */
export interface Claim {
  readonly kind: ClaimKind;
  /** Of the variant or the mutant; else the kind again. */
  readonly name: string;
  /** What is claimed, as one clause. */
  readonly says: string;
  readonly level: Level;
  /** Drawn anew for each seed; the others are the same run every time. */
  readonly seeded: boolean;
  readonly request: EngineRequest;
  /** What is wrong with what was found, or nothing. */
  readonly refutes: (searched: Searched) => string | undefined;
  /** What is asked with every seed after the first; left out = the same. */
  readonly further?: Claim;
}

/** One claim looked at with one seed. */
export interface Trial {
  readonly seed: number;
  /** Schedules executed: of a mutant until it was caught. */
  readonly runs: number;
  readonly seconds: number;
  /** Distinct by trace class, every fault of each struck. */
  readonly schedules: number;
  readonly sometimes: Readonly<Record<string, number>>;
  /** The one that showed what was found. */
  readonly schedule?: Schedule;
  readonly wrong?: string;
}

export interface GateOptions {
  readonly seeds: readonly number[];
  /** Distinct schedules, every fault of each struck, that solution and variants must survive. */
  readonly schedules: number;
  /** So many with each seed after the first; left out = as many as with the first. */
  readonly furtherSchedules?: number;
  /**
   * At most so many single faults of solution and variants, others with each seed; left out = all
   * with the first seed and, as they are the same with every seed, only mixes with the others.
   */
  readonly singles?: number;
  /** Wall time in which a mutant must be caught, one seed. */
  readonly mutantBudgetMs: number;
  /** Wall time that solution and variants may take, one seed. */
  readonly budgetMs: number;
}

export const gateDefaults: Omit<GateOptions, 'seeds'> = {
  schedules: 400,
  // Only a limit: a busy machine takes its time, and is nobody's mistake.
  mutantBudgetMs: 240_000,
  budgetMs: 600_000,
};

/** Every claim of a chapter: `request` lacks the seed. */
export function claimsOf(chapter: Chapter, options: Omit<GateOptions, 'seeds'>): readonly Claim[] {
  return [
    ...stubClaims(chapter, options),
    holds(
      chapter,
      options,
      'solution',
      'solution',
      [chapter.solutionPath],
      chapter.definition.solution?.level ?? chapter.definition.pass,
    ),
    ...chapter.variants.map(({ name, path }) => {
      const level = chapter.definition.variants[name]?.level ?? chapter.definition.pass;
      return holds(chapter, options, 'variant', name, [chapter.solutionPath, path], level);
    }),
    ...chapter.mutants.map(({ name, path }): Claim => {
      const { breaks = '', level = chapter.definition.pass } =
        chapter.definition.mutants[name] ?? {};
      return {
        kind: 'mutant',
        name,
        says: `breaks ${breaks}`,
        level,
        seeded: true,
        request: {
          chapter: chapter.folder,
          folders: [chapter.solutionPath, path],
          level,
          until: breaks,
          budgetMs: options.mutantBudgetMs,
        },
        refutes: (searched) => missed(breaks, searched),
      };
    }),
  ];
}

function stubClaims(chapter: Chapter, { mutantBudgetMs }: Omit<GateOptions, 'seeds'>): Claim[] {
  const { stub, pass: level } = chapter.definition;
  const by = typeof stub.by === 'string' ? [stub.by] : stub.by;
  const shared = { kind: 'stub', name: 'stub', level } as const;
  const request = { chapter: chapter.folder, folders: [chapter.stubPath], level };
  const calm: Claim = {
    ...shared,
    says: 'is right as long as nothing happens',
    seeded: false,
    request: { ...request, calm: true },
    refutes: ({ result: { hit, unknown } }) =>
      unknown?.sentence ?? (hit && `without a fault: ${hit.finding.sentence}`),
  };
  const declared: Claim = {
    ...shared,
    says: `breaks ${stub.breaks} by ${by.length === 0 ? 'itself' : by.join(' and ')}`,
    seeded: false,
    request: { ...request, ...(by.length === 0 ? { calm: true } : { faults: by }) },
    refutes: (searched) => {
      const { hit } = searched.result;
      const struck = hit?.outcome.fired.length ?? by.length;
      const wrong = missed(stub.breaks, searched);
      return wrong ?? (struck < by.length ? 'not every declared fault struck' : undefined);
    },
  };
  const found: Claim = {
    ...shared,
    says: `is found to break ${stub.breaks}`,
    seeded: true,
    request: { ...request, until: stub.breaks, budgetMs: mutantBudgetMs },
    refutes: (searched) => missed(stub.breaks, searched),
  };
  return by.length === 0 ? [declared, found] : [calm, declared, found];
}

function holds(
  chapter: Chapter,
  options: Omit<GateOptions, 'seeds'>,
  kind: ClaimKind,
  name: string,
  folders: readonly string[],
  level: Level,
): Claim {
  const { folder, definition } = chapter;
  const { schedules, furtherSchedules = schedules, singles: most, budgetMs } = options;
  const mixes = { ...options, singles: 0, schedules: furtherSchedules };
  return {
    kind,
    name,
    says: `holds at level ${level}`,
    level,
    seeded: true,
    request: {
      chapter: folder,
      folders,
      level,
      schedules,
      budgetMs,
      ...(most !== undefined && { singles: most }),
    },
    refutes({ result }) {
      const { hit, unknown, complete, tally } = result;
      if (hit !== undefined) return `${hit.finding.property}: ${hit.finding.sentence}`;
      if (unknown !== undefined) return unknown.sentence;
      const { singles, classes } = tally;
      if (!complete) return `only ${singles.tried} of ${singles.of} single faults in time`;
      // A part of the singles may leave out a hard moment; all of them may not.
      const { never } = most === undefined ? tally.certificate(definition, level) : { never: [] };
      if (never.length > 0) return `it proves too little, never seen: ${never.join(', ')}`;
      return classes.size < schedules
        ? `only ${classes.size} of ${schedules} distinct schedules in time`
        : undefined;
    },
    ...(most === undefined && {
      further: holds(chapter, mixes, kind, name, folders, level),
    }),
  };
}

function missed(property: string, { result }: Searched): string | undefined {
  const { hit, unknown, tally } = result;
  if (hit?.outcome.findings.some((finding) => finding.property === property)) return undefined;
  if (hit !== undefined) return `it broke ${hit.finding.property} instead: ${hit.finding.sentence}`;
  if (unknown !== undefined) return unknown.sentence;
  return `not caught in ${tally.runs} runs${[...tally.notes].map((note) => `; ${note}`).join('')}`;
}

/** The claim with each of the seeds in turn, or with the first alone where no other would differ. */
export async function trySeeds(
  engine: Engine,
  claim: Claim,
  seeds: readonly number[],
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  for (const [index, seed] of (claim.seeded ? seeds : seeds.slice(0, 1)).entries()) {
    const asked = index === 0 ? claim : (claim.further ?? claim);
    trials.push(await tryClaim(engine, asked, seed));
  }
  return trials;
}

export async function tryClaim(engine: Engine, claim: Claim, seed: number): Promise<Trial> {
  const searched = await engine.search({ ...claim.request, seed });
  const { hit, tally } = searched.result;
  const wrong = claim.refutes(searched);
  return {
    seed,
    runs: tally.runs,
    seconds: searched.seconds,
    schedules: tally.classes.size,
    sometimes: tally.sometimes,
    ...(hit && { schedule: hit.outcome.schedule }),
    ...(wrong !== undefined && { wrong }),
  };
}
