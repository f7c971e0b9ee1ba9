/** The marks that the coverage build puts into a learner's file. */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { expect, test } from 'vitest';
import { markCalls } from '../../../harness/sim/bundle/sites.ts';

/** The marked code with short names: `E` enters, `L` leaves. */
function marked(text: string): string {
  const { code = '' } = markCalls('a.ts', text) ?? {};
  return code
    .replaceAll('__crashEnter', 'E')
    .replaceAll('__crashLeave', 'L')
    .replace(/a\.ts#/g, '');
}

test.each([
  ['f(a, b)', 'L("1", f(...E("1", [a, b])))'],
  ['f()', 'L("1", f(...E("1", [])))'],
  ['a.b(\n  c,\n)', 'L("1", a.b(...E("1", [\n  c,\n])))'],
  ['f /* ( */ <T>(x)', 'L("1", f /* ( */ <T>(...E("1", [x])))'],
  ['a?.b(c).d(e)', 'L("1", a?.b(c).d(...E("1", [e])))'],
  ['a.b(c)?.d', 'L("1", a.b(...E("1", [c])))?.d'],
  ['f(g(x))', 'L("1", f(...E("1", [L("2", g(...E("2", [x])))])))'],
  ['f(x)(y)', 'L("1", L("2", f(...E("2", [x])))(...E("1", [y])))'],
  ['require("x")', 'require("x")'],
  ['eval("x")', 'eval("x")'],
  ['import("x")', 'import("x")'],
  ['tag`x`', 'tag`x`'],
  [
    'class A extends B { constructor() { super(1); } }',
    'class A extends B { constructor() { super(1); } }',
  ],
])('%s', (text, wanted) => {
  expect(marked(text)).toBe(wanted);
});

/** As above, with `S` where a debugger may stop before the call of that number. */
function stopping(text: string, call: number): string {
  const { code = '' } = markCalls('a.ts', text, `a.ts#${call}`) ?? {};
  return code
    .replaceAll('if (__crashStop()) debugger;', 'S;')
    .replaceAll(/__crashLeave\("a\.ts#\d+", /g, '‹')
    .replaceAll(/\.\.\.__crashEnter\("a\.ts#\d+", \[(.*?)\]\)\)\)/g, '$1)›');
}

test.each([
  ['a(); await f(x);', 2, '‹a()›; S; await ‹f(x)›;'],
  ['f(x);', 1, 'S; ‹f(x)›;'],
  ['const g = () => f(x);', 1, 'const g = () => { S; return ‹f(x)›; };'],
  ['if (ok) f(x); else g();', 1, 'if (ok) { S; ‹f(x)›; } else ‹g()›;'],
  ['for (const x of y) await f(x);', 1, 'for (const x of y) { S; await ‹f(x)›; }'],
  ['switch (1) { case 1: f(x); }', 1, 'switch (1) { case 1: S; ‹f(x)›; }'],
  [
    'const g = async () => {\n  return f(x);\n};',
    1,
    'const g = async () => {\n  S; return ‹f(x)›;\n};',
  ],
])('a stop in %s', (text, call, wanted) => {
  expect(stopping(text, call)).toBe(wanted);
});

test('what does not parse is left to who says it better', () => {
  expect(markCalls('a.ts', 'const = f(')).toBeUndefined();
});

test('every call says where it is and what is done with its result', () => {
  const text = `const é = '👋'; await a.b<T>(
  1,
).catch(() => c());
void d(); (e()); const f = g(); return_(ok ? h() : i!.j());
const k = () => { return l() as never; };`;
  const { sites = [] } = markCalls('a.ts', text) ?? {};
  expect(sites.map(({ line, column, call, use }) => `${line}:${column} ${call} ${use}`)).toEqual([
    '1:23 a.b<T>( awaited',
    '1:23 a.b<T>( awaited',
    '3:15 c() returned',
    '4:6 d() dropped',
    '4:12 e() dropped',
    '4:28 g() kept',
    '4:33 return_(ok ? h() : i!.j()) dropped',
    '4:46 h() kept',
    '4:52 i!.j() kept',
    '5:26 l() returned',
  ]);
  expect(sites[0]?.on).toBe(sites[1]?.id);
  expect(sites[0]?.endLine).toBe(3);
});

test('lines stay, and every name is mapped to its own place', () => {
  const text = `const x = await first(alpha,
  second(beta)); // 👋
third();`;
  const { code = '', map = '' } = markCalls('a.ts', text) ?? {};
  const json = Buffer.from(map.split('base64,')[1] ?? '', 'base64').toString();
  const sourceMap = new SourceMap(JSON.parse(json) as SourceMapPayload);
  const [before, after] = [text.split('\n'), code.split('\n')];
  expect(after).toHaveLength(before.length);
  for (const name of ['first', 'alpha', 'second', 'beta', '👋', 'third']) {
    const originalLine = before.findIndex((line) => line.includes(name));
    const originalColumn = before[originalLine]?.indexOf(name);
    const entry = sourceMap.findEntry(originalLine, after[originalLine]?.indexOf(name) ?? -1);
    expect(entry).toMatchObject({ originalLine, originalColumn });
  }
});
