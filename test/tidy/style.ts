/** The hard rules of the house style, each a function from one file to what is wrong with it. */
import { basename } from 'node:path';
import {
  lineAt,
  walk,
  type Breach,
  type Parsed,
  type SourceFile,
  type SyntaxNode,
} from './source.ts';

/** Kebab-case, also each part between dots; README and its kin shout by custom. */
export function nameBreaches({ path }: SourceFile): Breach[] {
  const custom = new Set(['README.md', 'UNSUPPORTED.md']);
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;
  const wrong = path
    .split('/')
    .find((part) => !custom.has(part) && !part.split('.').every((word) => kebab.test(word)));
  return wrong === undefined ? [] : [`${path}: ${wrong} is not kebab-case`];
}

export function defaultExportBreaches({ path, text, program }: Parsed): Breach[] {
  if (path.endsWith('.config.ts')) return [];
  const breaches: Breach[] = [];
  walk(program, ({ type, start, exported }) => {
    const renamed = (exported as { name?: string } | null | undefined)?.name === 'default';
    if (type !== 'ExportDefaultDeclaration' && !renamed) return;
    breaches.push(`${path}:${lineAt(text, start)} exports a default`);
  });
  return breaches;
}

export function enumBreaches({ path, text, program }: Parsed): Breach[] {
  const breaches: Breach[] = [];
  walk(program, ({ type, start }) => {
    const what = { TSEnumDeclaration: 'an enum', TSModuleDeclaration: 'a namespace' }[type];
    if (what !== undefined) breaches.push(`${path}:${lineAt(text, start)} declares ${what}`);
  });
  return breaches;
}

const mostLines = 400;

export function lengthBreaches({ path, text }: SourceFile): Breach[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  return lines < mostLines ? [] : [`${path} has ${lines} lines`];
}

const mostFunctionLines = 70;
const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** The body of a `describe` groups tests as a file does: its length is no sign of anything. */
export function functionBreaches({ path, text, program }: Parsed): Breach[] {
  const breaches: Breach[] = [];
  walk(program, (node, parent) => {
    if (!functions.has(node.type) || isDescribe(text, parent)) return;
    const first = lineAt(text, node.start);
    const lines = lineAt(text, node.end) - first + 1;
    if (lines >= mostFunctionLines) {
      breaches.push(`${path}:${first} ${functionName(node, parent)} has ${lines} lines`);
    }
  });
  return breaches;
}

function isDescribe(text: string, parent: SyntaxNode | undefined): boolean {
  return parent?.type === 'CallExpression' && /^describe\b/.test(text.slice(parent.start));
}

function functionName(node: SyntaxNode, parent: SyntaxNode | undefined): string {
  const named = [node['id'], parent?.['id'], parent?.['key']] as ({ name?: string } | undefined)[];
  return named.find((each) => each?.name !== undefined)?.name ?? 'a function';
}

const mostColumns = 100;
const mostGrantedColumns = 120;

/** A comment may go on a little longer, and in tests a line with a string: its title, its data. */
export function columnBreaches({ path, text, comments, program }: Parsed): Breach[] {
  const strings: { readonly start: number; readonly end: number }[] = [];
  if (path.startsWith('test/')) {
    walk(program, ({ type, start, end }) => {
      if (type === 'Literal' || type === 'TemplateLiteral') strings.push({ start, end });
    });
  }
  let offset = 0;
  return text.split('\n').flatMap((line, index) => {
    const from = offset;
    const edge = from + mostColumns;
    offset += line.length + 1;
    const columns = line.match(/./gu)?.length ?? 0;
    if (columns <= mostColumns) return [];
    const granted =
      comments.some(({ start, end }) => start < edge && edge < end) ||
      strings.some(({ start, end }) => start < offset && from < end);
    if (granted && columns <= mostGrantedColumns) return [];
    return [`${path}:${index + 1} has ${columns} columns`];
  });
}

const mayTouchTheClock = new Set(['kernel', 'cli', 'workbench', 'live']);
const freeNames = new Set(['setTimeout', 'setInterval', 'console']);
const freeMembers = new Set(['Date.now', 'Math.random']);

/** Time, chance and the terminal come in from outside, or a run could not be repeated. */
export function clockBreaches(file: Parsed): Breach[] {
  const { path, text, program } = file;
  const [place, module = ''] = path.split('/');
  if (place !== 'harness' || mayTouchTheClock.has(module)) return [];
  const breaches: Breach[] = [];
  const own = declaredNames(file);
  const say = (name: string, { start }: SyntaxNode): void => {
    breaches.push(`${path}:${lineAt(text, start)} uses ${name}`);
  };
  walk(program, (node, parent, key) => {
    if (node.type === 'MemberExpression') {
      const name = text.slice(node.start, node.end);
      if (freeMembers.has(name)) say(name, node);
    }
    if (
      node.type === 'NewExpression' &&
      /^new Date(\(\))?$/.test(text.slice(node.start, node.end))
    ) {
      say('new Date()', node);
    }
    const name = node['name'];
    if (node.type !== 'Identifier' || typeof name !== 'string' || !freeNames.has(name)) return;
    if (!own.has(name) && !isOnlyAName(node, parent, key)) say(name, node);
  });
  return breaches;
}

/** A file that makes its own `setTimeout` means that one. */
function declaredNames({ text, program }: Parsed): ReadonlySet<string> {
  const names = new Set<string>();
  walk(program, ({ type, start, end }, _parent, key) => {
    if (key !== 'id' && key !== 'params') return;
    const words = type === 'Identifier' || type === 'ObjectPattern' ? text.slice(start, end) : '';
    for (const word of words.match(/\w+/g) ?? []) names.add(word);
  });
  return names;
}

/** `{ console: … }`, `globals.setTimeout`, `type.console`, a parameter called so: not the global. */
function isOnlyAName(node: SyntaxNode, parent: SyntaxNode | undefined, key: string): boolean {
  if (parent === undefined) return false;
  if (key === 'property') return parent['computed'] !== true;
  if (key === 'key') return parent['computed'] !== true && parent['value'] !== node;
  return parent.type.startsWith('TS');
}

/** A door per module, and no barrel behind it. */
export function doorBreaches(files: readonly Parsed[]): Breach[] {
  return files.flatMap(({ path, program }) => {
    if (!path.startsWith('harness/')) return [];
    const isDoor = /^harness\/[^/]+\/index\.ts$/.test(path);
    if (isDoor) return [];
    if (basename(path) === 'index.ts') return [`${path} is a second index.ts in its module`];
    const barrel =
      program.body.length > 0 &&
      program.body.every(
        (node) =>
          node.type === 'ExportAllDeclaration' ||
          (node.type === 'ExportNamedDeclaration' && node.source !== null),
      );
    return barrel ? [`${path} only hands on what others export`] : [];
  });
}

export function headerBreaches({ path, text, comments }: Parsed): Breach[] {
  if (!path.startsWith('harness/')) return [];
  const start = text.startsWith('#!') ? text.indexOf('\n') + 1 : 0;
  const first = comments.find((comment) => comment.type === 'Block' && comment.start >= start);
  const opens = first !== undefined && text.slice(start, first.start).trim() === '';
  return opens && first.value.startsWith('*')
    ? []
    : [`${path} does not begin with /** why it is */`];
}

/** `OffsetCommit (8), versions 0–9: …`, and the file is named after its API. */
export function handlerBreaches({ path, text }: SourceFile): Breach[] {
  const file = /^harness\/broker\/handlers\/(.+)\.ts$/.exec(path)?.[1];
  if (file === undefined || file === 'index') return [];
  const header = /^\/\*\*\s+(?:\* )?(\w+) \(\d+\), versions? \d+(?:–\d+)?\b/.exec(text);
  if (header === null) return [`${path} does not begin with "Name (key), versions a–b"`];
  const kebab = header[1]?.replace(/\B[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
  return kebab === file ? [] : [`${path} describes ${header[1]}`];
}

// Written so that the rule does not find itself.
const laterWords = /\b(TO(?:DO)|FIX(?:ME)|X(?:XX)|HA(?:CK))\b/;

export function laterBreaches({ path, text }: SourceFile): Breach[] {
  return linesWith(laterWords, text).map(([line, word]) => `${path}:${line} says ${word}`);
}

/** `/home/service` is the made-up home of a simulated process. */
const machinePaths = new RegExp(
  `(?<![\\w.*}])/(home/(?!service\\b)|Users/|root/|work/|mnt/)[\\w.-]+`,
);

export function machineBreaches({ path, text }: SourceFile): Breach[] {
  return linesWith(machinePaths, text).map(([line, found]) => `${path}:${line} names ${found}`);
}

const untrue = /\bvi\.(mock|doMock|stubGlobal)\(|\b(test|it|describe)\.(only|todo)\b/;

/** No mock of our own modules, and nothing left focused or promised. */
export function testBreaches({ path, text }: SourceFile): Breach[] {
  if (!path.endsWith('.test.ts')) return [];
  return linesWith(untrue, text).map(([line, found]) => `${path}:${line} has ${found}`);
}

function linesWith(pattern: RegExp, text: string): (readonly [line: number, found: string])[] {
  return text.split('\n').flatMap((line, index) => {
    const found = pattern.exec(line)?.[0];
    return found === undefined ? [] : [[index + 1, found] as const];
  });
}
