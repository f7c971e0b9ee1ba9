/**
 * A data directory as initdb makes it, made once per version and user and copied for every server: a copy takes a tenth
 * of a second, initdb one or two. Made aside and moved into place whole, so that several may start at once.
 */
import { chmodSync, chownSync, cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { constants } from 'node:fs';
import { join } from 'node:path';
import type { RunAs } from './messages.ts';

export function templateOf(base: string, runAs: RunAs | undefined): string {
  return join(base, `template-${runAs?.uid ?? process.getuid?.() ?? 'user'}`);
}

/** The first one in place serves everybody. */
export function moveIntoPlace(draft: string, template: string): void {
  try {
    renameSync(draft, template);
  } catch (error) {
    if (!existsSync(join(template, 'PG_VERSION'))) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Gone at once for whoever copies it, who would otherwise take half of it for the whole. */
export function discardTemplate(template: string, aside: string): void {
  try {
    renameSync(template, aside);
  } catch {
    // Somebody else found it torn too.
  }
  rmSync(aside, { recursive: true, force: true });
}

export function copyTemplate(template: string, target: string, runAs: RunAs | undefined): void {
  cpSync(template, target, { recursive: true, mode: constants.COPYFILE_FICLONE });
  chmodSync(target, 0o700);
  if (runAs) giveTo(target, runAs);
}

function giveTo(folder: string, { uid, gid }: RunAs): void {
  chownSync(folder, uid, gid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveTo(path, { uid, gid, name: '' });
    else chownSync(path, uid, gid);
  }
}
