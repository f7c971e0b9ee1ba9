/**
 * The text of a chapter as data: raw MDX, and what its components point at.
 *
 *     <Code from="solution/greetings.ts" region="loop" />  code from a file that runs
 *     <Captured from="captured/red.txt" run="npx crash 1" />  output, by `run`
 *
 * `from` begins with `solution/`, `exercise/`, or is a path below the chapter (`stub/…`,
 * `mutants/x/…`, `given.ts`). Left out: compiling MDX and drawing anything; the workbench does
 * that.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { ChapterFolder } from './chapters.ts';
import { readRegion, type Region } from './regions.ts';

export interface CodeReference {
  readonly from: string;
  readonly region: string | undefined;
  /** Relative to the root: `solutions/01-producer-consumer/greetings.ts`. */
  readonly file: string;
  /** Line of the component in the MDX, from 1. */
  readonly line: number;
  /** Undefined where the file or the region does not exist. */
  readonly found: Region | undefined;
}

export interface CapturedReference {
  readonly from: string;
  readonly file: string;
  readonly line: number;
  /** The command whose output this is; a script runs it and rewrites the file. */
  readonly run: string | undefined;
  /** Undefined while the capture has not been made. */
  readonly text: string | undefined;
}

export interface ChapterText {
  readonly mdx: string;
  readonly words: number;
  readonly headings: readonly Heading[];
  readonly links: readonly { readonly href: string; readonly line: number }[];
  readonly code: readonly CodeReference[];
  readonly captured: readonly CapturedReference[];
}

export interface Heading {
  readonly depth: number;
  readonly title: string;
  /** `make-it-hold`: what `#make-it-hold` points at. */
  readonly slug: string;
  readonly line: number;
}

/**
 * The text of a chapter with everything it points at; a chapter without a text reads as an empty
 * one.
 */
export async function readChapterText(chapter: ChapterFolder): Promise<ChapterText> {
  const mdx = existsSync(chapter.textPath) ? await readFile(chapter.textPath, 'utf8') : '';
  const prose = withoutCode(mdx);
  const tags = componentsIn(prose);
  return {
    mdx,
    words: countWords(prose),
    headings: headingsIn(prose),
    links: linksIn(prose),
    code: await Promise.all(
      tags.filter(({ name }) => name === 'Code').map((t) => code(chapter, t)),
    ),
    captured: await Promise.all(
      tags.filter(({ name }) => name === 'Captured').map((tag) => captured(chapter, tag)),
    ),
  };
}

async function code(chapter: ChapterFolder, tag: Tag): Promise<CodeReference> {
  const from = tag.attributes.get('from') ?? '';
  const region = tag.attributes.get('region');
  const path = pathOf(chapter, from);
  const found = existsSync(path) ? readRegion(await readFile(path, 'utf8'), region) : undefined;
  return { from, region, file: shown(chapter, path), line: tag.line, found };
}

async function captured(chapter: ChapterFolder, tag: Tag): Promise<CapturedReference> {
  const from = tag.attributes.get('from') ?? '';
  const path = pathOf(chapter, from);
  const text = existsSync(path) ? await readFile(path, 'utf8') : undefined;
  const run = tag.attributes.get('run');
  return { from, file: shown(chapter, path), line: tag.line, run, text };
}

function pathOf(chapter: ChapterFolder, from: string): string {
  if (from.startsWith('solution/')) return join(chapter.solutionPath, from.slice(9));
  if (from.startsWith('exercise/')) return join(chapter.exercisePath, from.slice(9));
  return join(chapter.path, from);
}

function shown(chapter: ChapterFolder, path: string): string {
  return relative(chapter.root, path).split(sep).join('/');
}

/**
 * Blanks fenced code and inline code, keeping lines, so that nothing inside them counts as
 * prose.
 */
function withoutCode(mdx: string): string {
  const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
  return mdx
    .replace(/^( {0,3})(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ {0,3}\2[^\n]*$/gm, blank)
    .replace(/\{\/\*[\s\S]*?\*\/\}/g, blank)
    .replace(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, (inline) => `x${' '.repeat(inline.length - 1)}`);
}

interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly line: number;
}

function componentsIn(prose: string): readonly Tag[] {
  return [...prose.matchAll(/<([A-Z]\w*)((?:\s+\w+="[^"]*")*)\s*\/>/g)].map((match) => ({
    name: match[1] ?? '',
    line: lineAt(prose, match.index),
    attributes: new Map(
      [...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        value,
      ]),
    ),
  }));
}

/** Headings of a text without its code. */
export function headingsIn(prose: string): readonly Heading[] {
  return [...prose.matchAll(/^(#{1,6}) +(.+?) *$/gm)].map((match) => {
    const title = match[2] ?? '';
    const slug = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .trim()
      .replace(/ +/g, '-');
    return { depth: (match[1] ?? '').length, title, slug, line: lineAt(prose, match.index) };
  });
}

function linksIn(prose: string): readonly { href: string; line: number }[] {
  return [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map((match) => ({
    href: match[1] ?? '',
    line: lineAt(prose, match.index),
  }));
}

function countWords(prose: string): number {
  const text = prose
    .replace(/<[^>]*>/g, ' ')
    .replace(/\]\([^)]*\)/g, ' ')
    .replace(/^(?:import|export) .*$/gm, ' ');
  return text.match(/\p{L}[\p{L}\p{N}’'-]*/gu)?.length ?? 0;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
