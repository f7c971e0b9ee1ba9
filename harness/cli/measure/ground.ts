/** A course of its own in a temporary folder, beside this project's packages and its prepared data of PostgreSQL. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '#content';

export interface Ground {
  readonly root: string;
  /** The solution's folder, within the root. */
  readonly solution: string;
  remove(): void;
}

/** `chapter` and `solution` by file name: `chapter.ts`, `schema.sql`; `mover.ts`. */
export function layCourse(
  name: string,
  { chapter, solution }: Readonly<Record<'chapter' | 'solution', Readonly<Record<string, string>>>>,
): Ground {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'course-')));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const link = (path: string): void => {
    mkdirSync(join(projectRoot, path), { recursive: true });
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(join(projectRoot, path), join(root, path), 'junction');
  };
  link('node_modules');
  link('.crashproof/cache/postgres');
  write('package.json', '{ "name": "course", "type": "module" }');
  const solutionPath = `solutions/${name}`;
  for (const [file, text] of Object.entries(chapter)) write(`chapters/${name}/${file}`, text);
  for (const [file, text] of Object.entries(solution)) write(`${solutionPath}/${file}`, text);
  return {
    root,
    solution: solutionPath,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
