/**
 * What the tidy rules read: files with their text and, for TypeScript, the parsed program.
 *
 * Left out on purpose: exercises/ (a learner's own; nothing there can turn our tests red).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { parseSync, type Comment, type EcmaScriptModule, type Program } from 'oxc-parser';

export const root = resolve(import.meta.dirname, '../..');

/** A file of the project, or one made up for a bad sample. */
export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Parsed extends SourceFile {
  readonly program: Program;
  readonly comments: readonly Comment[];
  readonly module: EcmaScriptModule;
}

/** One rule broken in one place: `path:line what is wrong`. */
export type Breach = string;

const places = ['harness', 'chapters', 'solutions', 'test'];
const notOurs = new Set(['node_modules', '.crashproof']);

export function allFiles(): readonly SourceFile[] {
  return places.flatMap((place) => filesBelow(join(root, place))).map(readSource);
}

export function readSource(path: string): SourceFile {
  const name = relative(root, path).split(sep).join('/');
  return { path: name, text: readFileSync(path, 'utf8') };
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !notOurs.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .toSorted();
}

export function isTypeScript({ path }: SourceFile): boolean {
  return /\.tsx?$/.test(path);
}

export function parse({ path, text }: SourceFile): Parsed {
  const { program, comments, module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  return { path, text, program, comments, module };
}

/** Line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Any node of the tree; `type` tells which. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export type Visit = (node: SyntaxNode, parent: SyntaxNode | undefined, key: string) => void;

/** Calls for every node, parents first. `key` is the parent's property that holds the node. */
export function walk(program: Program, visit: Visit): void {
  const step = (value: unknown, parent: SyntaxNode | undefined, key: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) step(item, parent, key);
    } else if (isNode(value)) {
      visit(value, parent, key);
      for (const [name, inner] of Object.entries(value)) step(inner, value, name);
    }
  };
  step(program, undefined, '');
}

function isNode(value: unknown): value is SyntaxNode {
  return value !== null && typeof value === 'object' && 'type' in value && 'start' in value;
}
