/**
 * The services of a chapter: stub, solution, mutants and variants parse, export their roles, and
 * import only what a learner may import. The learner's exercise is not looked at: it may be in
 * any state.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { build, type BuildFailure } from 'esbuild';
import type { Chapter, Overlay } from './chapters.ts';
import { listFiles, sameFile, sourceFiles, type Source } from './files.ts';
import type { Report } from './problem.ts';
import { regionProblems } from './regions.ts';

export async function checkServices(chapter: Chapter, report: Report): Promise<void> {
  const [stub, solution] = await Promise.all([
    listFiles(chapter.stubPath),
    listFiles(chapter.solutionPath),
  ]);
  const [own, others] = [stub, solution].map((files) => files.filter(isNoSchema)) as [
    string[],
    string[],
  ];
  for (const file of own.filter((name) => !others.includes(name))) {
    report(
      'services',
      `The stub has ${file}, the solution has not: they must have the same files.`,
    );
  }
  for (const file of others.filter((name) => !own.includes(name))) {
    report(
      'services',
      `The solution has ${file}, the stub has not: they must have the same files.`,
    );
  }
  if (!existsSync(chapter.exercisePath)) {
    report('services', `exercises/${chapter.folder} does not exist: copy the stub there.`);
  }
  await checkFiles(chapter, 'stub', stub, report);
  await checkFiles(chapter, 'solution', solution, report);
  await checkGiven(chapter, report);
}

/** A trigger, a view, an index: either may have what the other has not. */
function isNoSchema(file: string): boolean {
  return !file.endsWith('.sql');
}

export async function checkOverlays(chapter: Chapter, report: Report): Promise<void> {
  const { definition, mutants, variants } = chapter;
  await checkKind('mutants', mutants, Object.keys(definition.mutants));
  await checkKind('variants', variants, Object.keys(definition.variants));

  async function checkKind(
    kind: 'mutants' | 'variants',
    overlays: readonly Overlay[],
    declared: readonly string[],
  ): Promise<void> {
    for (const name of declared.filter((one) => !overlays.some((other) => other.name === one))) {
      report('overlays', `chapter.ts declares ${kind}/${name}, but there is no such folder.`);
    }
    for (const overlay of overlays) {
      if (!declared.includes(overlay.name)) {
        report('overlays', `${kind}/${overlay.name} is not declared in chapter.ts.`);
      }
      await checkOverlay(chapter, kind, overlay, report);
    }
  }
}

async function checkOverlay(
  chapter: Chapter,
  kind: 'mutants' | 'variants',
  { name, path, files }: Overlay,
  report: Report,
): Promise<void> {
  if (files.length === 0) report('overlays', `${kind}/${name} has no files.`);
  for (const file of files) {
    const original = join(chapter.solutionPath, file);
    if (existsSync(original) && (await sameFile(original, join(path, file)))) {
      report(
        'overlays',
        `${kind}/${name}/${file} equals the solution's: keep only files that differ.`,
      );
    }
  }
  const source: Source = kind === 'mutants' ? { mutant: name } : { variant: name };
  await checkFiles(chapter, source, files, report);
}

/**
 * Each role's file is there; of the files named, each parses, exports its roles and imports what
 * it may.
 */
async function checkFiles(
  chapter: Chapter,
  source: Source,
  own: readonly string[],
  report: Report,
): Promise<void> {
  const files = await sourceFiles(chapter, source);
  const roles = Object.entries(chapter.definition.roles);
  if (typeof source === 'string') {
    for (const [role, { file }] of roles) {
      if (!files.has(file))
        report('services', `The ${source} has no ${file}, the file of role ${role}.`);
    }
  }
  for (const name of own.filter((file) => file.endsWith('.ts'))) {
    const path = files.get(name);
    if (path === undefined) continue;
    const file = relative(chapter.root, path).split(sep).join('/');
    const module = await inspect(path);
    if ('error' in module) {
      report('services', `${file} does not parse: ${module.error}.`, { file, line: module.line });
      continue;
    }
    for (const [role, { file: home }] of roles) {
      if (home === name && !module.exports.includes(role)) {
        report('services', `${file} must export role ${role}.`, { file });
      }
    }
    for (const wrong of module.imports.filter((specifier) => !mayImport(chapter, specifier))) {
      report('services', `${file} imports ${wrong}; a service may not.`, { file });
    }
    for (const { line, sentence } of regionProblems(await readFile(path, 'utf8'))) {
      report('services', `${file}: ${sentence}.`, { file, line });
    }
  }
}

/** Type imports are gone by now, so that `#kit` here means that a value of it is used. */
function mayImport(chapter: Chapter, specifier: string): boolean {
  if (specifier === `#chapters/${chapter.folder}/given.ts`) return true;
  if (specifier.startsWith('./')) return !specifier.includes('..');
  return !/^(?:#|\.|\/|fast-check$|vitest(?:\/|$)|crashproof(?:\/|$))/.test(specifier);
}

async function checkGiven(chapter: Chapter, report: Report): Promise<void> {
  const file = `chapters/${chapter.folder}/given.ts`;
  const path = join(chapter.path, 'given.ts');
  if (!existsSync(path)) return;
  const module = await inspect(path);
  if ('error' in module) {
    report('services', `${file} does not parse: ${module.error}.`, { file, line: module.line });
  } else if (module.imports.some((specifier) => /^(?:#|fast-check$)/.test(specifier))) {
    report(
      'services',
      `${file} goes into the learner's bundle: it may import no harness and no fast-check.`,
    );
  }
}

type Inspected =
  | { readonly exports: readonly string[]; readonly imports: readonly string[] }
  | { readonly error: string; readonly line: number };

/** Parses one file, without following its imports. */
async function inspect(path: string): Promise<Inspected> {
  try {
    const { metafile } = await build({
      entryPoints: [path],
      bundle: true,
      packages: 'external',
      external: ['#*', './*', '../*', '/*'],
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
    });
    const [output] = Object.values(metafile.outputs);
    return {
      exports: output?.exports ?? [],
      imports: (output?.imports ?? []).map((one) => one.path),
    };
  } catch (error) {
    const [first] = (error as BuildFailure).errors ?? [];
    if (!first) throw error;
    return { error: first.text, line: first.location?.line ?? 1 };
  }
}
