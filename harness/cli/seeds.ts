/**
 * Seeds that rotate by commit: every commit looks at schedules that no commit before it saw, and a
 * run of the same commit can be repeated exactly. Outside git there is one base.
 */
import { spawnSync } from 'node:child_process';
import { projectRoot } from '#content';

export interface Commit {
  /** Hash of HEAD; empty outside git. */
  readonly hash: string;
  /** Tracked files differ from it, what was measured aside. */
  readonly changed: boolean;
}

export function headCommit(root: string = projectRoot): Commit {
  const hash = git(root, ['rev-parse', 'HEAD']).trim();
  const words = ['status', '--porcelain', '-uno', '--', '.', ':(exclude)docs/proof.json'];
  const changed = hash !== '' && git(root, words).trim() !== '';
  return { hash, changed };
}

export function seedBase({ hash }: Commit = headCommit()): number {
  return hash === '' ? 42 : Number.parseInt(hash.slice(0, 7), 16);
}

export function seedsFrom(base: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => (base + index) >>> 0);
}

function git(root: string, words: readonly string[]): string {
  const { status, stdout } = spawnSync('git', words, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout : '';
}
