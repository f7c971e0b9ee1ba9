/**
 * Stack traces in the learner's terms: their files and lines through the source map of the bundle;
 * our frames, Node's and the packages' are dropped.
 */
import { posix, relative, sep } from 'node:path';
import { SourceMap, type SourceMapPayload } from 'node:module';
import type { Bundle } from './bundle.ts';

export interface LearnerFrame {
  /** Relative to the exercise folder when it lies there, else to the project. */
  readonly file: string;
  /** Relative to the project: key of `bundle.files`. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** The function, where the engine knows a name. */
  readonly name?: string;
}

/** Name under which the service's script runs: tells its frames from all others. */
export const scriptName = (bundle: Bundle): string =>
  `${bundle.projectRoot}/.crashproof/service-${bundle.service.hash.slice(0, 12)}.cjs`;

/** The learner's frames, innermost first. */
export function mapStack(stack: string, bundle: Bundle): LearnerFrame[] {
  const frames: LearnerFrame[] = [];
  const own = scriptName(bundle);
  for (const text of stack.split('\n')) {
    const at = text.indexOf(own);
    if (at < 0) continue;
    const [, line, column] = /^:(\d+):(\d+)/.exec(text.slice(at + own.length)) ?? [];
    const place = line && column && positionOf(bundle, Number(line), Number(column));
    if (!place) continue;
    const name = /^\s*at (?:async )?(?:Object\.)?(.+) \($/.exec(text.slice(0, at))?.[1];
    frames.push(name === undefined ? place : { ...place, name });
  }
  return frames;
}

export function firstLearnerFrame(stack: string, bundle: Bundle): LearnerFrame | undefined {
  return mapStack(stack, bundle)[0];
}

/**
 * A text that holds stack lines (a logged error) with the learner's places; other frames are left
 * out.
 */
export function mapText(text: string, bundle: Bundle): string {
  if (!text.includes('    at ')) return text;
  return text
    .split('\n')
    .flatMap((line) => {
      if (!/^\s*at .*(:\d+:\d+\)?|\(native\)|<anonymous>\)?|index \d+\))$/.test(line))
        return [line];
      const place = mapStack(line, bundle)[0];
      if (place === undefined) return [];
      const where = `${place.file}:${place.line}:${place.column}`;
      return [`    at ${place.name === undefined ? where : `${place.name} (${where})`}`];
    })
    .join('\n');
}

/** A place in the script of the service (both from 1), for the inspector as well. */
export function positionOf(
  bundle: Bundle,
  line: number,
  column: number,
): Omit<LearnerFrame, 'name'> | undefined {
  const entry = sourceMapOf(bundle).findEntry(line - 1, column - 1);
  if (!('originalSource' in entry)) return undefined;
  const path = posix.normalize(posix.join('.crashproof', entry.originalSource));
  if (!bundle.files.has(path)) return undefined;
  return {
    path,
    file: inExercise(path, bundle),
    line: entry.originalLine + 1,
    column: entry.originalColumn + 1,
  };
}

/** A learner's file by the name that they know it by. */
export function inExercise(path: string, { folder, projectRoot }: Bundle): string {
  const prefix = `${relative(projectRoot, folder).replaceAll(sep, '/')}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : path;
}

const sourceMaps = new WeakMap<Bundle, SourceMap>();

function sourceMapOf(bundle: Bundle): SourceMap {
  const known = sourceMaps.get(bundle);
  if (known) return known;
  const made = new SourceMap(JSON.parse(bundle.service.map) as SourceMapPayload);
  sourceMaps.set(bundle, made);
  return made;
}
