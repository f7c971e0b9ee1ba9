/**
 * What `npm run chapter check` shows of the gate: what is wrong with files and text, then each
 * claim of the chapter with what it cost; for mutants how soon they were caught, seed by seed. What
 * broke where nothing may is kept below `.crashproof/gate`, with the command that shows it again.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  checkChapters,
  findChapters,
  loadChapter,
  projectRoot,
  resolveChapter,
  type Chapter,
  type ChapterFolder,
} from '#content';
import { random } from '#kernel';
import { printSchedule } from '#schedule';
import { claimsOf, gateDefaults, openEngine, trySeeds, type Claim, type Trial } from '#verify';
import { staleCaptures } from './capture.ts';
import type { ExitCode } from './main.ts';
import { quantile } from './measure/numbers.ts';
import { seedBase, seedsFrom } from './seeds.ts';
import { number, plural } from './story/words.ts';

export interface GateCommand {
  /** One chapter; left out = all. */
  readonly name?: string | undefined;
  readonly seeds: number;
  /** Left out = taken from the commit. */
  readonly seedBase?: number;
  /** Distinct schedules that solution and variants must survive, each seed. */
  readonly schedules?: number;
  /** So many variants and mutants of each chapter, drawn by the first seed; left out = all. */
  readonly sample?: number;
  /** At most so many single faults of each service, drawn by each seed; left out = all, once. */
  readonly singles?: number;
  readonly json: boolean;
}

interface Judged {
  readonly claim: Claim;
  readonly trials: readonly Trial[];
}

export async function gate(command: GateCommand): Promise<ExitCode> {
  const say = command.json ? () => {} : (line: string) => void process.stdout.write(`${line}\n`);
  const seeds = seedsFrom(command.seedBase ?? seedBase(), command.seeds);
  const { name, schedules = gateDefaults.schedules, singles } = command;
  const options = { ...gateDefaults, schedules, ...(singles !== undefined && { singles }) };
  const folders = name === undefined ? await findChapters() : [await resolveChapter(name)];
  const problems = await problemsOf(folders, name !== undefined);
  for (const problem of problems) say(`✗ ${problem}`);
  const engine = await openEngine({ root: projectRoot });
  const chapters: { chapter: string; judged: Judged[] }[] = [];
  try {
    for (const folder of folders) {
      const chapter = await loadChapter(folder);
      say(`${chapter.folder}  ${chapter.definition.title} · seeds ${seeds.join(', ')}`);
      const judged: Judged[] = [];
      const all = claimsOf(chapter, options);
      for (const claim of drawn(all, command, seeds)) {
        const trials = await trySeeds(engine, claim, seeds);
        judged.push({ claim, trials });
        for (const line of linesOf({ claim, trials }, chapter)) say(line);
      }
      chapters.push({ chapter: chapter.folder, judged });
    }
  } finally {
    await engine.close();
  }
  const looked = chapters.flatMap(({ judged }) => judged);
  const refuted = looked.filter(({ trials }) => trials.some(({ wrong }) => wrong !== undefined));
  const wrong = problems.length + refuted.length;
  say(powerOf(looked));
  say(wrong === 0 ? 'All of it holds.' : `${plural(wrong, 'claim')} did not hold.`);
  if (command.json) process.stdout.write(`${jsonOf(seeds, problems, chapters)}\n`);
  return wrong === 0 ? 0 : 1;
}

/** Stub and solution always; of variants and mutants as many as were asked for. */
function drawn(
  claims: readonly Claim[],
  { sample }: GateCommand,
  [seed = 0]: readonly number[],
): readonly Claim[] {
  if (sample === undefined) return claims;
  const draw = random(seed, 'sample of claims');
  const chosen = new Set(claims.filter(({ kind }) => kind === 'stub' || kind === 'solution'));
  for (const kind of ['variant', 'mutant'] as const) {
    const left = claims.filter((claim) => claim.kind === kind);
    for (let count = Math.min(sample, left.length); count > 0; count--) {
      for (const claim of left.splice(draw.below(left.length), 1)) chosen.add(claim);
    }
  }
  return claims.filter((claim) => chosen.has(claim));
}

/** Files, links, prerequisites; then whether the text can be drawn at all. */
async function problemsOf(folders: readonly ChapterFolder[], only: boolean): Promise<string[]> {
  const names = new Set(folders.map(({ folder }) => folder));
  const sentences = (await checkChapters())
    .filter(({ chapter }) => !only || names.has(chapter))
    .map(({ chapter, sentence, file, line }) => {
      const where = [file, line].filter((part) => part !== undefined).join(':');
      return `${[chapter, where].filter(Boolean).join(' · ')}: ${sentence}`;
    });
  const { chapterText } = await import('#workbench');
  for (const folder of folders) {
    const wrong = await chapterText(folder).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (wrong !== undefined) sentences.push(`${folder.folder}: ${wrong}`);
    for (const file of await staleCaptures(folder)) {
      sentences.push(`${file} is not what its command prints now: npm run chapter capture`);
    }
  }
  return sentences;
}

function linesOf({ claim, trials }: Judged, chapter: Chapter): string[] {
  const wrong = trials.filter((trial) => trial.wrong !== undefined);
  const mark = wrong.length === 0 ? '✓' : '✗';
  const what = `${claim.kind === claim.name ? '' : `${claim.kind} `}${claim.name}`;
  const line = `  ${mark} ${what.padEnd(28)} ${claim.says}`;
  return [
    `${line.padEnd(62)} ${costOf({ claim, trials })}`,
    ...wrong.map((trial) => `      seed ${trial.seed}: ${trial.wrong}`),
    ...wrong.slice(0, 1).flatMap((trial) => againLines(claim, trial, chapter)),
  ];
}

function costOf({ claim, trials }: Judged): string {
  const seconds = trials.map((trial) => trial.seconds.toFixed(1)).join(' ');
  if (claim.kind === 'solution' || claim.kind === 'variant') {
    const schedules = trials.map((trial) => number(trial.schedules)).join(' ');
    return `${schedules} schedules · ${seconds} s`;
  }
  const runs = trials.map((trial) => number(trial.runs)).join(' ');
  return `${runs} ${trials.every((trial) => trial.runs === 1) ? 'run' : 'runs'} · ${seconds} s`;
}

/** Only where something was found that should not be. */
function againLines(claim: Claim, { schedule, seed }: Trial, chapter: Chapter): string[] {
  if (schedule === undefined) return [];
  const folder = join(projectRoot, '.crashproof/gate');
  const file = join(folder, `${chapter.folder}-${claim.name}-${seed}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, printSchedule(schedule));
  const [base = '', ...overlays] = claim.request.folders;
  const lay = base === chapter.solutionPath ? overlays : [base, ...overlays];
  const words = [
    ...(base === chapter.solutionPath ? ['--solution'] : []),
    ...lay.map((path) => `--from ${relative(projectRoot, path)}`),
    `--replay ${relative(projectRoot, file)}`,
  ];
  return [`      npx crash ${chapter.number} ${words.join(' ')}`];
}

/** How soon mutants were caught: all of them, all seeds. */
function powerOf(all: readonly Judged[]): string {
  const trials = all
    .filter(({ claim }) => claim.kind === 'mutant')
    .flatMap((judged) => judged.trials);
  const caught = trials.filter(({ wrong }) => wrong === undefined);
  const [runs, seconds] = [caught.map((trial) => trial.runs), caught.map((each) => each.seconds)];
  return (
    `Mutants caught: ${caught.length} of ${trials.length}; runs to the finding: median ` +
    `${number(quantile(runs, 0.5))}, 95th percentile ${number(quantile(runs, 0.95))}; seconds: ` +
    `median ${quantile(seconds, 0.5).toFixed(2)}, 95th percentile ` +
    `${quantile(seconds, 0.95).toFixed(2)}.`
  );
}

function jsonOf(
  seeds: readonly number[],
  problems: readonly string[],
  chapters: readonly { readonly chapter: string; readonly judged: readonly Judged[] }[],
): string {
  const plain = chapters.map(({ chapter, judged }) => ({
    chapter,
    claims: judged.map(({ claim: { kind, name, says, level }, trials }) => ({
      kind,
      name,
      says,
      level,
      trials,
    })),
  }));
  return JSON.stringify({ version: 1, seeds, problems, chapters: plain });
}
