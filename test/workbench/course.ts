/**
 * The real chapters in a root of their own: every exercise as it is handed out, whatever a learner
 * has made of theirs; nothing is written into the project.
 */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '#content';

export interface Course {
  readonly root: string;
  readonly remove: () => void;
}

export function untouchedCourse(): Course {
  const root = mkdtempSync(join(tmpdir(), 'workbench-'));
  for (const name of ['node_modules', 'harness']) {
    symlinkSync(join(projectRoot, name), join(root, name), 'junction');
  }
  for (const name of ['chapters', 'solutions', 'package.json']) {
    cpSync(join(projectRoot, name), join(root, name), { recursive: true });
  }
  for (const chapter of ['00-first-crash', '01-producer-consumer']) {
    const stub = join(root, 'chapters', chapter, 'stub');
    cpSync(stub, join(root, 'exercises', chapter), { recursive: true });
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
