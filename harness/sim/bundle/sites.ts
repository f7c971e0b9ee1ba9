/**
 * Marks the calls of a learner's file: `f(a)` becomes `leave(id, f(...enter(id, [a])))`. The call
 * itself stays where it is, so `this`, the order of evaluation, `await` and `yield` in arguments
 * and every position in a stack are as before; no promise and no handler is added. Lines stay, and
 * columns are mapped.
 *
 * `enter` runs after the arguments, right before the call, and hands them on; `leave` hands on what
 * the call returned, and does not run when it threw.
 *
 * Left alone: `super()`, `import()`, `require()` and direct `eval`, whose form means something;
 * `new`; tagged templates; decorators; a call inside an optional chain that goes on behind it
 * (`a?.b().c()`: the whole chain is one call).
 */
import { MagicString } from 'magic-string';
import { parseSync } from 'oxc-parser';

/** One call in a learner's own file. */
export interface CallSite {
  /** `exercises/15-idempotent-consumer/projector.ts#4` */
  readonly id: string;
  /** Relative to the project: key of `bundle.files`. */
  readonly path: string;
  /** From 1, as is `column`. */
  readonly line: number;
  readonly column: number;
  /** The last line of the call. */
  readonly endLine: number;
  /** The call up to the end of its first line. */
  readonly call: string;
  readonly use: CallUse;
  /** The call whose result this one is called on: `send(…)` of `send(…).catch(…)`. */
  readonly on?: string;
}

/** What is done with a call's result, by syntax. `kept` = assigned, or given to something else. */
export type CallUse = 'awaited' | 'returned' | 'kept' | 'dropped';

export interface MarkedFile {
  readonly code: string;
  /** As a comment that holds the map. */
  readonly map: string;
  readonly sites: readonly CallSite[];
}

/** Names that the marked code calls; given to it like the globals of its world. */
export const siteHooks = ['__crashEnter', '__crashLeave', '__crashStop'] as const;

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

interface Step {
  readonly node: SyntaxNode;
  readonly up: Step | undefined;
}

/**
 * `undefined` for what does not parse: the bundler says it better. `stopAt` = the id of a call before
 * whose statement a debugger may stop.
 */
export function markCalls(path: string, text: string, stopAt?: string): MarkedFile | undefined {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) return undefined;
  const marked = new MagicString(text);
  const found: { readonly site: CallSite; readonly node: SyntaxNode }[] = [];
  const ids = new Map<SyntaxNode, string>();
  let stop: Step | undefined;
  visit({ node: program as unknown as SyntaxNode, up: undefined }, (step) => {
    const open = argumentsStart(text, step.node);
    if (!isMarkable(step) || open === undefined) return;
    const { node } = step;
    const id = `${path}#${found.length + 1}`;
    ids.set(node, id);
    found.push({ node, site: siteOf(id, path, text, step) });
    if (id === stopAt) stop = step;
    const { start, end } = wrapped(step);
    const [enter, leave] = siteHooks;
    marked.appendRight(start, `${leave}(${JSON.stringify(id)}, `);
    marked.appendLeft(open, `...${enter}(${JSON.stringify(id)}, [`);
    marked.appendRight(node.end - 1, '])');
    marked.appendLeft(end, ')');
  });
  if (stop !== undefined) markStop(marked, stop);
  const sites = found.map(({ site, node }) => {
    const on = ids.get(receiverOf(node) as SyntaxNode);
    return on === undefined ? site : { ...site, on };
  });
  const map = marked.generateMap({ source: fileName(path), hires: true, includeContent: true });
  return { code: marked.toString(), map: `//# sourceMappingURL=${map.toUrl()}`, sites };
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function visit(step: Step, look: (step: Step) => void): void {
  if (step.node.type === 'Decorator') return;
  look(step);
  for (const [key, value] of Object.entries(step.node)) {
    if (key === 'parent') continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit({ node: child, up: step }, look);
    }
  }
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';

function isMarkable({ node, up }: Step): boolean {
  if (node.type !== 'CallExpression') return false;
  const callee = node['callee'] as SyntaxNode;
  if (callee.type === 'Super') return false;
  const root = spine(callee).at(-1) as SyntaxNode & { readonly name?: string };
  if (root.type === 'Identifier' && root.name === 'require') return false;
  if (callee.type === 'Identifier' && callee['name'] === 'eval') return false;
  const isWholeChain = up?.node.type === 'ChainExpression';
  return isWholeChain || !spine(node).some(({ optional }) => optional === true);
}

/** What a call is made on, inwards: `a.b(c).d` → itself, `a.b(c)`, `a.b`, `a`. */
function spine(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  let next: SyntaxNode | undefined = node;
  while (next !== undefined) {
    found.push(next);
    const inner: unknown = next['callee'] ?? next['object'] ?? nonNull(next);
    next = isNode(inner) ? inner : undefined;
  }
  return found;
}

const nonNull = (node: SyntaxNode): unknown =>
  node.type === 'TSNonNullExpression' ? node['expression'] : undefined;

const wrapped = ({ node, up }: Step): SyntaxNode =>
  up?.node.type === 'ChainExpression' ? up.node : node;

/** The call whose result is the object of this call's callee. */
function receiverOf(node: SyntaxNode): SyntaxNode | undefined {
  const callee = node['callee'] as SyntaxNode;
  if (callee.type !== 'MemberExpression') return undefined;
  let object = callee['object'] as SyntaxNode;
  while (transparent.has(object.type)) object = object['expression'] as SyntaxNode;
  return object;
}

/** Where the first argument goes, or nothing when there is no such place. */
function argumentsStart(text: string, node: SyntaxNode): number | undefined {
  if (node.type !== 'CallExpression') return undefined;
  const types = node['typeArguments'];
  const from = isNode(types) ? types.end : (node['callee'] as SyntaxNode).end;
  const trivia = /(?:\s|\/\*[^]*?\*\/|\/\/[^\n]*|\?\.)*\(/y;
  trivia.lastIndex = from;
  return trivia.test(text) ? trivia.lastIndex : undefined;
}

function siteOf(id: string, path: string, text: string, step: Step): CallSite {
  const { node } = step;
  const before = text.slice(0, node.start);
  const line = before.split('\n').length;
  const [call = ''] = text.slice(node.start, node.end).split('\n');
  return {
    id,
    path,
    line,
    column: node.start - before.lastIndexOf('\n'),
    endLine: text.slice(0, node.end).split('\n').length,
    call: call.trimEnd(),
    use: useOf(step),
  };
}

/**
 * A `debugger` of the learner's own function, before the statement that the call is in: the paused
 * frame is then theirs, at that line.
 */
function markStop(marked: MagicString, { node, up }: Step): void {
  const stop = `if (${siteHooks[2]}()) debugger; `;
  if (up === undefined) return;
  const outer = up.node;
  const isListed = Object.values(outer).some((part) => Array.isArray(part) && part.includes(node));
  if (isListed && blocks.has(outer.type)) return void marked.prependRight(node.start, stop);
  if (outer.type === 'ArrowFunctionExpression' && outer['body'] === node) {
    marked.prependRight(node.start, `{ ${stop}return `);
    return void marked.appendLeft(node.end, '; }');
  }
  if (
    node.type.endsWith('Statement') &&
    (branches.has(outer.type) || outer.type.startsWith('For'))
  ) {
    marked.prependRight(node.start, `{ ${stop}`);
    return void marked.appendLeft(node.end, ' }');
  }
  markStop(marked, up);
}

const blocks = new Set(['Program', 'BlockStatement', 'StaticBlock', 'SwitchCase', 'TSModuleBlock']);
const branches = new Set(['IfStatement', 'WhileStatement', 'DoWhileStatement', 'LabeledStatement']);

/** Syntax around an expression that hands its value on unchanged. */
const transparent = new Set([
  'ParenthesizedExpression',
  'ChainExpression',
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
  'TSTypeAssertion',
]);

function useOf({ node, up }: Step): CallUse {
  if (up === undefined) return 'kept';
  const outer = up.node;
  const chained = outer.type === 'MemberExpression' && up.up?.node['callee'] === outer;
  if (chained && outer['object'] === node) return useOf(up.up);
  const branch = outer.type === 'ConditionalExpression' && outer['test'] !== node;
  const right = outer.type === 'LogicalExpression' && outer['right'] === node;
  if (transparent.has(outer.type) || branch || right) return useOf(up);
  if (outer.type === 'AwaitExpression' || outer.type === 'YieldExpression') return 'awaited';
  if (outer.type === 'ReturnStatement') return 'returned';
  if (outer.type === 'ArrowFunctionExpression' && outer['body'] === node) return 'returned';
  const isVoid = outer.type === 'UnaryExpression' && outer['operator'] === 'void';
  return isVoid || outer.type === 'ExpressionStatement' ? 'dropped' : 'kept';
}
