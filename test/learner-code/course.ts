/**
 * A copy of the course by links, with packages of its own beside those that are installed, and a folder per service.
 * Its threads are kept for all rows of a test file, so a row costs a check and no start.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '#kernel';
import { exitCodeOf } from '../../harness/cli/check.ts';
import { exitCodes } from '../../harness/cli/failures.ts';
import { createPool, defaultLimits, type Limits } from '../../harness/verify/engine/pool.ts';
import { runCheck } from '../../harness/verify/run-check.ts';
import { projectRoot } from '#content';
import type { Report } from '#verify';
import type { Row } from './rows.ts';

/** What a learner meets. */
export interface Seen {
  readonly exit: number;
  readonly reads: string | undefined;
  readonly shows: readonly string[];
  readonly report?: Report;
}

export type Service = Pick<Row, 'code' | 'files'>;

export interface Course {
  readonly root: string;
  /** Writes a service; its folder below the root. */
  lay(service: Service): string;
  /**
   * Up to and with every single fault, or with these alone; limits are told as the defaults,
   * whatever they are here.
   */
  check(service: Service, faults?: readonly string[]): Promise<Seen>;
  close(): Promise<void>;
}

export const chapter = '00-first-crash';

export function openCourse(limits: Partial<Limits> = {}): Course {
  const root = mkdtempSync(join(tmpdir(), 'learner-'));
  layOut(root);
  const bounds = { ...defaultLimits, ...limits };
  const pool = createPool(2, bounds);
  let services = 0;

  const lay = ({ code, files = {} }: Service): string => {
    const folder = `services/${++services}`;
    for (const [name, text] of Object.entries({ 'greeter.ts': code, ...files })) {
      write(join(root, folder, name), text);
    }
    return folder;
  };

  return {
    root,
    lay,
    async check(service, faults = []) {
      const stop = new AbortController();
      const seen = await runCheck(
        {
          root,
          chapter,
          folders: [`solutions/${chapter}`, lay(service)],
          faults,
          remember: false,
          budgetMs: 300_000,
          signal: stop.signal,
          // Pairs and random mixes would say no more about one odd line.
          onProgress: ({ phase }) => void (phase === 'seconds' && stop.abort()),
        },
        pool,
      ).then(seenIn, failed);
      return { ...seen, reads: seen.reads && asByDefault(seen.reads, bounds) };
    },
    async close() {
      await pool.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function seenIn(report: Report): Seen {
  const exit = exitCodeOf(report);
  const [finding] = report.findings;
  const { unknown } = report;
  const places = finding?.code ?? unknown?.code ?? [];
  return {
    exit,
    reads: finding?.sentence ?? (unknown && `${unknown.sentence} ${unknown.advice}`),
    shows: places.map(({ file, line }) => `${file}:${line}`),
    report,
  };
}

function failed(error: unknown): Seen {
  if (!(error instanceof Failure)) throw error;
  return { exit: exitCodes[error.code], reads: error.message, shows: [] };
}

/** Tests need not wait for five seconds to see what is said after five seconds. */
function asByDefault(text: string, { stuckAfterMs, heapMb }: Limits): string {
  return text
    .replace(`${stuckAfterMs / 1_000} s of CPU`, `${defaultLimits.stuckAfterMs / 1_000} s of CPU`)
    .replace(`${heapMb} MB of memory`, `${defaultLimits.heapMb} MB of memory`);
}

function layOut(root: string): void {
  for (const folder of ['chapters', 'solutions']) link(projectRoot, root, folder);
  write(join(root, 'package.json'), '{ "name": "course", "type": "module" }');
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(join(projectRoot, 'node_modules'))) {
    link(projectRoot, root, join('node_modules', name));
  }
  for (const [file, text] of Object.entries(packages)) {
    write(join(root, 'node_modules', file), text);
  }
}

const link = (from: string, to: string, path: string): void =>
  symlinkSync(join(from, path), join(to, path), 'junction');

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Packages that a learner added. */
const packages = {
  'keeps/package.json': '{ "name": "keeps", "version": "1.0.0", "exports": "./index.cjs" }',
  'keeps/index.cjs': `exports.kept = new Map();
const hidden = new WeakMap();
exports.keptFor = (key) => {
  if (!hidden.has(key)) hidden.set(key, new Map());
  return hidden.get(key);
};
`,
  'native-part/package.json': '{ "name": "native-part", "version": "1.0.0", "gypfile": true }',
  'native-part/index.js': 'module.exports = 1;\n',
};
