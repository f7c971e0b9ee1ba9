/**
 * Who may import whom (DESIGN: kernel at the bottom, programs on top). Modules meet only at their
 * doors (`#name`); chapters and services see the kit and no other room of the harness.
 *
 * `content` stands below `verify`, which loads chapters through it, and knows no world.
 */
import { posix } from 'node:path';
import { lineAt, type Breach, type Parsed } from './source.ts';

/** One import or re-export. */
interface Link {
  readonly to: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

interface Allowed {
  readonly values: readonly string[];
  /** Further modules of which only types may be imported. */
  readonly types?: readonly string[];
}

const lower = ['kernel', 'protocol'];
const worlds = [...lower, 'broker', 'postgres', 'ports', 'schedule', 'check', 'kit'];
const engine = [...worlds, 'sim', 'live', 'content'];

export const modules: Readonly<Record<string, Allowed>> = {
  kernel: { values: [] },
  protocol: { values: ['kernel'] },
  broker: { values: lower },
  postgres: { values: ['kernel'] },
  kit: { values: [] },
  ports: { values: ['kernel', 'kit'] },
  schedule: { values: [...lower, 'kit'], types: ['check'] },
  check: { values: [...lower, 'kit'], types: ['schedule'] },
  content: { values: ['kernel', 'kit', 'schedule'] },
  sim: { values: worlds },
  live: { values: worlds },
  verify: { values: engine },
  workbench: { values: [...engine, 'verify'] },
  cli: { values: [...engine, 'verify', 'workbench'] },
};

export function importBreaches(file: Parsed): Breach[] {
  const [place = ''] = file.path.split('/');
  const judge = { harness: inHarness, chapters: inChapter, solutions: inService }[place];
  if (judge === undefined) return [];
  return linksOf(file).flatMap((link) => {
    const wrong = judge(file.path, link);
    return wrong === undefined ? [] : [`${file.path}:${link.line} ${wrong}`];
  });
}

function inHarness(path: string, { to, typeOnly }: Link): string | undefined {
  const [, own = ''] = path.split('/');
  const allowed = modules[own];
  if (allowed === undefined) return `${own} is no module of the import rule`;
  if (to.startsWith('.')) {
    const target = posix.join(posix.dirname(path), to);
    if (!target.startsWith(`harness/${own}/`)) return `leaves ${own} by a path: ${to}`;
    return /\.(tsx?|json|css)$/.test(to) ? undefined : `names no file ending: ${to}`;
  }
  if (to.startsWith('/') || to.startsWith('file:')) return `imports by an absolute path: ${to}`;
  if (!to.startsWith('#')) return undefined;
  const other = to.slice(1);
  if (other === own) return `enters ${own} by its own door`;
  if (!(other in modules)) return `${to} is no door of a module`;
  if (allowed.values.includes(other)) return undefined;
  if (allowed.types?.includes(other) === true) {
    return typeOnly ? undefined : `${own} may import only types of ${to}`;
  }
  return `${own} may not import ${to}`;
}

/**
 * `chapter.ts`, `given.ts` and, where the first would grow too long, `properties.ts` and `ports.ts`;
 * the services below a chapter are judged as services.
 */
function inChapter(path: string, link: Link): string | undefined {
  const [, chapter = '', ...rest] = path.split('/');
  if (rest.length > 1) return inService(path, link);
  const { to } = link;
  const given = ['./given.ts', `#chapters/${chapter}/given.ts`];
  const open = ['#kit', 'fast-check', './properties.ts', './ports.ts', ...given];
  return open.includes(to) ? undefined : `a chapter may not import ${to}`;
}

function inService(path: string, { to, typeOnly }: Link): string | undefined {
  const [, chapter = ''] = path.split('/');
  if (to === '#kit') return typeOnly ? undefined : 'a service may import only types of #kit';
  const open = ['kafkajs', 'pg', `#chapters/${chapter}/given.ts`];
  const sibling = /^\.\/[a-z0-9-]+\.ts$/.test(to);
  if (open.includes(to) || to.startsWith('node:') || sibling) return undefined;
  return `a service may not import ${to}`;
}

/** Files of one module that reach themselves again, types aside: they are gone at run time. */
export function importCycles(files: readonly Parsed[]): Breach[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const targets = (file: Parsed): string[] =>
    linksOf(file)
      .filter(({ to, typeOnly }) => to.startsWith('.') && !typeOnly)
      .map(({ to }) => posix.join(posix.dirname(file.path), to));
  const done = new Set<string>();
  const cycles: Breach[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at !== -1) cycles.push([...way.slice(at), path].join(' → '));
    const file = byPath.get(path);
    if (at !== -1 || done.has(path) || file === undefined) return;
    for (const target of targets(file)) visit(target, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}

function linksOf({ module, text }: Parsed): Link[] {
  const links: Link[] = [];
  const add = (to: string, typeOnly: boolean, offset: number): void => {
    links.push({ to, typeOnly, line: lineAt(text, offset) });
  };
  // `import { type A }` still loads the file, so only the statement's own word counts.
  const typeOnly = (start: number): boolean => /^(import|export) type\b/.test(text.slice(start));
  for (const { moduleRequest, start } of module.staticImports) {
    add(moduleRequest.value, typeOnly(start), start);
  }
  for (const { entries, start } of module.staticExports) {
    const from = entries.find(({ moduleRequest }) => moduleRequest !== null)?.moduleRequest;
    if (from) add(from.value, typeOnly(start), start);
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const request = text.slice(moduleRequest.start, moduleRequest.end);
    const literal = /^(['"`])([^'"`$]+)\1$/.exec(request)?.[2];
    if (literal !== undefined) add(literal, false, start);
  }
  return links;
}
