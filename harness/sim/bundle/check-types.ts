/**
 * What the type checker says about a learner's files. esbuild strips types without looking, so this
 * runs only when something went wrong already: a type error often says why.
 *
 * The native compiler has no interface for programs, so it runs as a program and its lines are
 * read.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { Failure } from '#kernel';

export interface TypeProblem {
  /** Relative to the project. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `Property 'qury' does not exist on type 'Pool'.` */
  readonly message: string;
}

/** Files are paths, absolute or relative to the project. Problems of other files are left out. */
export async function checkTypes(
  files: readonly string[],
  projectRoot: string,
): Promise<readonly TypeProblem[]> {
  const root = resolve(projectRoot);
  const cache = join(root, '.crashproof/cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'types-'));
  const wanted = files.map((file) => resolve(root, file));
  try {
    const config = join(folder, 'tsconfig.json');
    writeFileSync(config, JSON.stringify({ compilerOptions, files: wanted, include: [] }));
    const output = await runCompiler(['--noEmit', '--pretty', 'false', '-p', config], root);
    const names = new Set(wanted.map((file) => relative(root, file)));
    return problemsIn(output).filter(({ file }) => names.has(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const compilerOptions = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'esnext.collection', 'dom'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  resolveJsonModule: true,
  types: ['node'],
};

async function runCompiler(args: readonly string[], folder: string): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
  const compiler = join(dirname(manifest), 'bin/tsc');
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [compiler, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (bytes: Buffer) => {
      output += String(bytes);
    });
    child.on('error', (cause) =>
      fail(new Failure('TROUBLE', 'The type checker did not start.', { cause })),
    );
    child.on('close', () => done(output));
  });
}

/**
 * `exercises/x/projector.ts(21,5): error TS2551: Property …`, with indented lines that explain it.
 */
export function problemsIn(output: string): TypeProblem[] {
  const problems: TypeProblem[] = [];
  for (const text of output.split(/\r?\n/)) {
    const match = /^(.+)\((\d+),(\d+)\): error TS\d+: (.*)$/.exec(text);
    if (!match) continue;
    const [, file = '', line, column, message = ''] = match;
    problems.push({ file, line: Number(line), column: Number(column), message });
  }
  return problems;
}
