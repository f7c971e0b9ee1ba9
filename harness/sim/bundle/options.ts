/** What both files of a bundle are built with. */
import { createHash } from 'node:crypto';
import type { BuildFailure, BuildOptions } from 'esbuild';

/**
 * `import()` becomes a promise of `require`. `import.meta` is an object at the top of the file,
 * because a CommonJS file has none. Learners' files are ES modules and therefore strict.
 */
export const sharedOptions = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  write: false,
  metafile: true,
  logLevel: 'silent',
  supported: { 'dynamic-import': false },
  define: { 'import.meta': '__importMeta' },
  tsconfigRaw: { compilerOptions: { target: 'es2024', strict: true } },
  legalComments: 'none',
} as const satisfies BuildOptions;

export const importMeta =
  'var __importMeta = { get url() { return require("node:url").pathToFileURL(__filename).href; },' +
  ' filename: __filename, dirname: __dirname };';

export const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && 'warnings' in error;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
