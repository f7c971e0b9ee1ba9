/**
 * The gate of a chapter: its files are whole, the stub fails exactly as declared, the solution and
 * every variant hold, every mutant is caught by its named property. Says how long each detection
 * took.
 *
 * Left out: several seeds (proof.ts runs those), whether the text compiles (the workbench shows
 * it), the calm run of the stub (each check begins with one).
 */
import { relative } from 'node:path';
import {
  checkChapters,
  findChapters,
  loadChapter,
  projectRoot,
  resolveChapter,
  type Chapter,
} from '#content';
import type { Level } from '#kit';
import { check, type CheckRequest, type Report } from '#verify';
import type { ExitCode } from './main.ts';
import { number, plural } from './story/words.ts';
import { progressLine } from './terminal.ts';

/** One thing that a chapter claims, and the check that decides it. */
interface Claim {
  readonly says: string;
  readonly request: Pick<CheckRequest, 'folders' | 'faults' | 'level'>;
  /** What is wrong with the report, or nothing. */
  readonly refutes: (report: Report) => string | undefined;
}

export async function gate(name: string | undefined): Promise<ExitCode> {
  const folders = name === undefined ? await findChapters() : [await resolveChapter(name)];
  const problems = (await checkChapters()).filter(
    (problem) => name === undefined || folders.some((folder) => folder.folder === problem.chapter),
  );
  for (const { chapter, sentence, file, line } of problems) {
    const where = [file, line].filter((part) => part !== undefined).join(':');
    say(`✗ ${[chapter, where].filter(Boolean).join(' · ')}: ${sentence}`);
  }
  let refuted = problems.length;
  for (const folder of folders) {
    const chapter = await loadChapter(folder);
    say(`${chapter.folder}  ${chapter.definition.title}`);
    for (const claim of claimsOf(chapter)) refuted += (await holds(claim, chapter)) ? 0 : 1;
  }
  say(refuted === 0 ? 'All of it holds.' : `${plural(refuted, 'claim')} did not hold.`);
  return refuted === 0 ? 0 : 1;
}

export function claimsOf(chapter: Chapter): readonly Claim[] {
  const { definition, solutionPath, stubPath } = chapter;
  const { stub, pass } = definition;
  const by = typeof stub.by === 'string' ? [stub.by] : stub.by;
  return [
    {
      says: `the stub breaks ${stub.breaks} by ${by.join(' and ')}`,
      request: { folders: [stubPath], faults: by, level: pass },
      refutes: (report) => caughtBy(stub.breaks, report),
    },
    {
      says: `the solution holds at level ${pass}`,
      request: { folders: [solutionPath], level: pass },
      refutes: held,
    },
    ...chapter.variants.map(({ name, path }): Claim => {
      const level = definition.variants[name]?.level ?? pass;
      return {
        says: `variant ${name} holds at level ${level}`,
        request: { folders: [solutionPath, path], level },
        refutes: held,
      };
    }),
    ...chapter.mutants.map(({ name, path }): Claim => {
      const { breaks = '', level = pass } = definition.mutants[name] ?? {};
      return {
        says: `mutant ${name} is caught by ${breaks}`,
        request: { folders: [solutionPath, path], level: level as Level },
        refutes: (report) => caughtBy(breaks, report),
      };
    }),
  ];
}

/** Only what is the service's own counts. */
function caughtBy(property: string, { findings, verdict }: Report): string | undefined {
  const found = findings.filter(({ blame }) => blame === 'service').map((each) => each.property);
  if (found.includes(property)) return undefined;
  return found.length > 0 ? `it broke ${found.join(', ')} instead` : `the verdict is ${verdict}`;
}

function held({ verdict, findings, unknown }: Report): string | undefined {
  if (verdict === 'holds') return undefined;
  const [finding] = findings.filter(({ blame }) => blame === 'service');
  return finding
    ? `${finding.property}: ${finding.sentence} (${finding.replay})`
    : `the verdict is ${verdict}: ${unknown?.sentence ?? ''}`;
}

async function holds(claim: Claim, chapter: Chapter): Promise<boolean> {
  const progress = progressLine();
  const report = await check({
    root: projectRoot,
    chapter: chapter.folder,
    ...claim.request,
    folders: claim.request.folders.map((path) => relative(projectRoot, path)),
    onProgress: (event) => progress.show(event),
  });
  progress.clear();
  const wrong = claim.refutes(report);
  const cost = `${number(report.runs)} run · ${report.seconds.toFixed(1)} s`;
  say(
    wrong === undefined ? `  ✓ ${claim.says} · ${cost}` : `  ✗ ${claim.says}: ${wrong} · ${cost}`,
  );
  return wrong === undefined;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
