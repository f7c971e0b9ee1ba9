/** Which operation belongs to which call, and that looking changes nothing. */
import { describe, expect, test } from 'vitest';
import { printPhasedPoint } from '#schedule';
import { worker } from './support/course.ts';
import { lineOf, looked, told } from './support/look.ts';

test('an effect belongs to its call, the automatic commit to consumer.run', async () => {
  const code = worker();
  const run = await looked({ 'service.ts': code });
  const line = lineOf(code, 'ports.sink.record');
  expect(told(run, /^ports\.sink/)).toEqual(
    ['m1', 'm2', 'm3', 'm1'].map((id) => `${line} sink.record ${id}`),
  );
  const [first] = told(run, /^consumer\.run/);
  expect(first).toContain('JoinGroup');
  expect(first?.match(/OffsetCommit/g)).toHaveLength(3);
  expect(told(run, /^consumer\.disconnect/)).toEqual([expect.stringMatching(/^\d+ LeaveGroup$/)]);
});

test('calls that nobody waits for, and calls at once, keep their own effects', async () => {
  const code = worker(`
    void ports.sink.record(order);
    const twice = [{ id: order.id + 'a' }, { id: order.id + 'b' }];
    await Promise.all(twice.map((each) => ports.sink.record(each)));
  `);
  const run = await looked({ 'service.ts': code });
  const [alone, together] = [lineOf(code, 'void ports'), lineOf(code, 'twice.map')];
  const records = told(run, /^ports\.sink/);
  expect(records.slice(0, 3)).toEqual([
    `${alone} sink.record m1`,
    `${together} sink.record m1a`,
    `${together} sink.record m1b`,
  ]);
  // It waits for both, so that both are its own as well.
  expect(told(run, /^Promise\.all/)[0]).toBe(`${together} sink.record m1a, sink.record m1b`);
});

test('a helper in another file, a loop and a returned promise', async () => {
  const helper = `
    export const keep = (sink, order) => sink.record(order);
    export async function keepAll(sink, orders) {
      for (const order of orders) await keep(sink, order);
    }
  `;
  const code = worker("await keepAll(ports.sink, [order, { id: order.id + 'x' }]);");
  const run = await looked({
    'service.ts': `import { keepAll } from './helper.ts';${code}`,
    'helper.ts': helper,
  });
  expect(told(run, /^keepAll/)[0]).toMatch(/^\d+ sink\.record m1, sink\.record m1x$/);
  expect(told(run, /^keep\(/).slice(0, 2)).toEqual(['4 sink.record m1', '4 sink.record m1x']);
  expect(told(run, /^sink\.record/).slice(0, 2)).toEqual(['2 sink.record m1', '2 sink.record m1x']);
});

test('what a timer does belongs to the call in it', async () => {
  const code = worker(
    'queue.push(order);',
    `const queue = [];
     const flush = async () => { for (const each of queue.splice(0)) await ports.sink.record(each); };
     setInterval(() => void flush(), 20);`,
  );
  const run = await looked({ 'service.ts': code });
  expect(told(run, /^ports\.sink/).map((text) => text.replace(/^\d+ /, ''))).toEqual(
    // The interval goes on while the process is asked to stop.
    ['m1', 'm2', 'm3', 'm1'].map((id) => `sink.record ${id}`),
  );
  expect(run.marked.traceHash).toBe(run.plain.traceHash);
});

/** Syntax whose meaning a careless mark would change; each prints what came of it. */
const specimens: Readonly<Record<string, string>> = {
  'this and the order of evaluation': `
    const seen = [];
    const at = (n) => { seen.push(n); return n; };
    const box = { n: 2, get f() { at('get'); return function (a, b) { return this.n * a + b; }; } };
    console.log(at(box.f(at(1), at(2))), seen, (0, box.f).call({ n: 1 }, 3, 4), box['f'](1, 1));`,
  'optional chains that end early and that go on': `
    const none = undefined, some = { f: (n) => ({ g: () => n, h: undefined }) };
    console.log(none?.f(at()).g(), some?.f(3).g(), some.f?.(4)?.g(), some.f(5).h?.(), none?.[at()]);
    try { some?.f(1).h(); } catch (error) { console.log(error.message); }
    function at() { throw new Error('never'); }`,
  'what throws, at once and later': `
    const fails = () => { throw new Error('now'); };
    try { fails(await Promise.resolve(1)); } catch (error) { console.log(error.stack); }
    await Promise.reject(new Error('later')).catch((error) => console.log(error.stack));
    const deep = async () => { await null; fails(); };
    await deep().catch((error) => console.log(error.stack));`,
  'generators, spread, arguments and new': `
    function* count(n) { const got = yield n; return yield String(got); }
    const it = count(1); console.log(it.next(), it.next(await Promise.resolve(2)), [...count(3)]);
    const many = function () { return arguments.length; };
    class A { constructor(n) { this.n = n; } static of(n) { return new this(n); } }
    class B extends A { constructor(n) { super(n + 1); } get twice() { return super.constructor.of(this.n); } }
    console.log(many(...[1, 2], 3,), many(), new B(1), B.of(many(1)), new (class extends (() => A)() {})(5));`,
  'tagged templates, direct eval and functions without a name': `
    const tag = (parts, ...values) => parts.join('|') + values.join();
    const inner = 5; console.log(tag\`a\${tag\`b\`}c\`, (() => { const x = 1; return [x].map((v) => v)[0]; })());
    const nameOf = (f) => f.name; console.log(nameOf(() => 1), nameOf(function () {}), nameOf(class {}));
    ;[inner].forEach((n) => console.log(n))
    ;(async () => { console.log('at once'); })()`,
  'thenables, getters and proxies are left in peace': `
    let touched = 0;
    const lazy = () => ({ get then() { touched++; return undefined; } });
    const touch = () => { touched++; return null; };
    const trap = () => new Proxy({}, { get: touch, getPrototypeOf: touch, has: touch });
    const own = () => ({ then: (done) => done('own') });
    lazy(); trap(); console.log(touched, await own(), await (async () => own())());`,
  'typed code, decorators and resources': `
    enum Kind { a = Number('1'), b = Math.max(2, 3) }
    const same = <T,>(value: T): T => value;
    await using handle = { [Symbol.asyncDispose]: async () => console.log('disposed') };
    console.log(Kind.b, same<number>(3)!, (same('x') as string).length satisfies number, handle !== null);`,
  'async context of its own': `
    const { AsyncLocalStorage } = await import('node:async_hooks');
    const own = new AsyncLocalStorage();
    const deep = async () => { await null; return own.getStore(); };
    const both = () => own.run('x', async () => [await deep(), own.getStore()]);
    console.log(await own.run('mine', () => deep()), own.getStore(), await both());
    own.enterWith('stays'); await deep(); console.log(own.getStore());`,
};

describe('a marked service runs as the plain one does, to the byte', () => {
  test.each(Object.entries(specimens))('%s', async (_name, text) => {
    const code = worker('await ports.sink.record(order); await odd();', `await odd();`);
    const odd = `const odd = async () => {${text}\n};`;
    const { plain, marked } = await looked({ 'service.ts': `${odd}\n${code}` });
    const said = plain.facts.flatMap((fact) => (fact.kind === 'console' ? [fact.text] : []));
    expect(said.length).toBeGreaterThan(0);
    expect(marked.facts.flatMap((fact) => (fact.kind === 'console' ? [fact.text] : []))).toEqual(
      said,
    );
    expect(marked.ending.kind).toBe('rest');
    expect(marked.traceHash).toBe(plain.traceHash);
    expect(marked.crossings.map(printPhasedPoint)).toEqual(plain.crossings.map(printPhasedPoint));
  });
});
