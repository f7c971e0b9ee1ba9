/**
 * Pieces of a source file by name, so that code in a text comes from a file that runs.
 *
 *     // region: loop          `-- region: loop` in SQL
 *     …
 *     // endregion
 *
 * A name without such a mark means the top-level `export const` or `export function` of that
 * name, so that what a learner is handed needs no marks. Regions do not nest.
 */
export interface Region {
  /** Line number of the first line of `text`, from 1. */
  readonly firstLine: number;
  /** Without the indentation that all lines share, and without marks. */
  readonly text: readonly string[];
}

const opening = /^\s*(?:\/\/|--) region: (\S+)\s*$/;
const closing = /^\s*(?:\/\/|--) endregion\s*$/;
const exported = /^export (?:const|(?:async )?function) (\w+)/;

/**
 * One region of a file's text, the whole file without a name, or undefined where there is no
 * such region.
 */
export function readRegion(source: string, name?: string): Region | undefined {
  const lines = source.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n');
  if (name === undefined) return cut(lines, 0, lines.length);
  const start = lines.findIndex((line) => opening.exec(line)?.[1] === name);
  if (start < 0) return readExport(lines, name);
  const end = lines.findIndex((line, index) => index > start && closing.test(line));
  return end < 0 ? undefined : cut(lines, start + 1, end);
}

/** From `export const name` to the first line that closes it at the left margin. */
function readExport(lines: readonly string[], name: string): Region | undefined {
  const start = lines.findIndex((line) => exported.exec(line)?.[1] === name);
  if (start < 0) return undefined;
  const end = lines.findIndex((line, index) => index >= start && /^(?:\S.*)?;$|^}$/.test(line));
  return end < 0 ? undefined : cut(lines, start, end + 1);
}

function cut(lines: readonly string[], from: number, to: number): Region {
  const kept: string[] = [];
  let firstLine = from + 1;
  for (let index = from; index < to; index++) {
    const line = lines[index] ?? '';
    if (opening.test(line) || closing.test(line)) {
      if (kept.length === 0) firstLine = index + 2;
    } else {
      kept.push(line);
    }
  }
  const shared = Math.min(
    ...kept.filter((line) => line.trim() !== '').map((line) => /^\s*/.exec(line)?.[0].length ?? 0),
  );
  return { firstLine, text: kept.map((line) => line.slice(Number.isFinite(shared) ? shared : 0)) };
}

/**
 * Sentences about marks that cannot be right: never closed, closed twice, nested, named twice.
 */
export function regionProblems(source: string): readonly { line: number; sentence: string }[] {
  const problems: { line: number; sentence: string }[] = [];
  const names = new Set<string>();
  let open: { name: string; line: number } | undefined;
  for (const [index, text] of source.split(/\r?\n/).entries()) {
    const line = index + 1;
    const name = opening.exec(text)?.[1];
    if (name !== undefined) {
      if (open) problems.push({ line, sentence: `region "${name}" opens inside "${open.name}"` });
      if (names.has(name)) problems.push({ line, sentence: `region "${name}" is there twice` });
      names.add(name);
      open = { name, line };
    } else if (closing.test(text)) {
      if (!open) problems.push({ line, sentence: 'endregion without a region' });
      open = undefined;
    }
  }
  if (open) problems.push({ line: open.line, sentence: `region "${open.name}" is never closed` });
  return problems;
}
