/** The server over real HTTP: what it shows, whom it refuses, and a check from click to story. */
import { request, type IncomingMessage } from 'node:http';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChapters, readChapterText } from '#content';
import { serveWorkbench, type Told, type Workbench } from '#workbench';
import { renderReport } from '../../harness/cli/story/render.ts';
import { untouchedCourse, type Course } from './course.ts';
import { telling } from './terminal-words.ts';

let course: Course;
let bench: Workbench;

beforeAll(async () => {
  course = untouchedCourse();
  bench = await serveWorkbench({ port: 0, root: course.root, telling });
});

afterAll(async () => {
  await bench.close();
  course.remove();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Not `fetch`, which allows no foreign Host. */
function ask(
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, bench.address), { method, headers }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        reject,
      );
    });
    asked.on('error', reject).end();
  });
}

function startCheck(chapter: string, signal?: AbortSignal): Promise<Response> {
  const origin = bench.address.slice(0, -1);
  return fetch(new URL(`/check/${chapter}`, bench.address), {
    method: 'POST',
    headers: { origin },
    ...(signal && { signal }),
  });
}

async function checkOf(chapter: string): Promise<readonly Told[]> {
  const body = await (await startCheck(chapter)).text();
  return body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
}

function unescaped(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&');
}

describe('what it shows', () => {
  test('the list has every chapter with its promise, its minutes and what it needs', async () => {
    const { status, body } = await ask('/');
    expect(status).toBe(200);
    expect(body).toContain('<a href="/chapters/first-crash">First crash</a>');
    expect(body).toContain('Every greeting that was acknowledged is recorded');
    expect(body).toContain('25 minutes · after <a href="/chapters/first-crash">chapter 0</a>');
  });

  test('a chapter has its headings by name and its code from the files', async () => {
    const chapters = await findChapters(course.root);
    expect(chapters.length).toBeGreaterThan(1);
    for (const chapter of chapters) {
      const [{ status, body }, source] = await Promise.all([
        ask(`/chapters/${chapter.name}`),
        readChapterText(chapter),
      ]);
      expect(status).toBe(200);
      for (const { slug, depth } of source.headings) {
        expect(body).toContain(`<h${depth} id="${slug}">`);
      }
      expect(source.code.length).toBeGreaterThan(0);
      for (const { file, found } of source.code) {
        expect(unescaped(body)).toContain(found?.text.join('\n') ?? 'missing');
        expect(body).toContain(`${file}:${found?.firstLine}`);
      }
      expect(body).toContain(`exercises/${chapter.folder}/`);
      expect(body).toContain(`npm test ${chapter.number}`);
    }
  });

  test('an edited text is there at the next look', async () => {
    const path = join(course.root, 'chapters/00-first-crash/chapter.mdx');
    const before = readFileSync(path, 'utf8');
    expect((await ask('/chapters/0')).body).not.toContain('Something new');
    writeFileSync(path, `${before}\n## Something new\n`);
    expect((await ask('/chapters/0')).body).toContain('<h2 id="something-new">Something new</h2>');
    writeFileSync(path, before);
  });

  test('a link to another chapter leads to its page', async () => {
    const { body } = await ask('/chapters/1');
    expect(body).toContain('href="/chapters/first-crash#the-line-about-consumercrash"');
  });

  test('an unknown chapter is a 404 that says which one may be meant', async () => {
    const { status, body } = await ask('/chapters/frist-crash');
    expect(status).toBe(404);
    expect(body).toContain('Did you mean 0 · First crash?');
    expect((await ask('/no/such/page')).status).toBe(404);
  });

  test('pages ask for nothing from elsewhere', async () => {
    const { body, headers } = await ask('/chapters/1');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
    expect(body).not.toMatch(/(?:src|<link[^>]*href)="(?:https?:)?\/\//);
    expect(body).not.toMatch(/<script(?![^>]*src=)|style=|\son\w+=/);
  });
});

describe('a chapter with a mistake in it', () => {
  async function draw(mdx: string): Promise<Answer> {
    const folder = join(course.root, 'chapters/77-mistaken');
    mkdirSync(folder, { recursive: true });
    const definition = readFileSync(
      join(course.root, 'chapters/00-first-crash/chapter.ts'),
      'utf8',
    );
    writeFileSync(
      join(folder, 'chapter.ts'),
      definition.replace('./given.ts', '../00-first-crash/given.ts'),
    );
    writeFileSync(join(folder, 'chapter.mdx'), mdx);
    return ask('/chapters/77');
  }

  test.each<readonly [string, string]>([
    ['## Why\n\nSome {a b} text.\n', 'chapters/77-mistaken/chapter.mdx:3 does not compile: '],
    ['## Why\n\n<b>Never closed.\n', 'chapters/77-mistaken/chapter.mdx:3 does not compile: '],
    ['## Why\n\n\n<Diagram />\n', 'chapters/77-mistaken/chapter.mdx:4 uses <Diagram>; there are'],
    ['{null.x}\n', 'chapters/77-mistaken/chapter.mdx cannot be drawn: '],
  ])('%j is one sentence with its place', async (mdx, sentence) => {
    const { status, body } = await draw(mdx);
    expect(status).toBe(500);
    expect(unescaped(body)).toContain(sentence);
    expect(body).not.toContain('node_modules');
  });

  test('says so in its place on the list and does not hide the others', async () => {
    const folder = join(course.root, 'chapters/78-unloadable');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'chapter.ts'), 'export const unfinished = 1;\n');
    const { status, body } = await ask('/');
    rmSync(folder, { recursive: true });
    expect(status).toBe(200);
    expect(body).toContain('>First crash</a>');
    expect(body).toContain('chapters/78-unloadable/chapter.ts must export one thing');
  });

  test('captured output stands where it belongs, wide signs in boxes of two columns', async () => {
    const folder = join(course.root, 'chapters/77-mistaken/captured');
    const captured = '<Captured from="captured/red.txt" run="npx crash 77" />\n';
    rmSync(folder, { recursive: true, force: true });
    const { body: before } = await draw(captured);
    expect(before).toContain('Run it in a terminal to see what it prints:');
    mkdirSync(folder);
    writeFileSync(join(folder, 'red.txt'), '⚡ 25  DIES <here>\n');
    const { body } = await draw(captured);
    expect(body).toContain('<span class="two">⚡</span> 25  DIES &lt;here&gt;</samp>');
    expect(body).toContain('<code class="command">npx crash 77</code>');
  });

  test('missing code is said where it would stand', async () => {
    const { status, body } = await draw('<Code from="stub/none.ts" region="loop" />\n');
    expect(status).toBe(200);
    expect(unescaped(body)).toContain('"loop" of chapters/77-mistaken/stub/none.ts is not there.');
  });
});

describe('whom it refuses', () => {
  test.each<readonly [string, string, Record<string, string>]>([
    ['another name that leads here', 'GET', { host: 'rebound.example' }],
    ['another name with the right port', 'GET', { host: 'rebound.example:PORT' }],
    ['a page from elsewhere that reads', 'GET', { origin: 'https://elsewhere.example' }],
    ['a page from elsewhere that loads our script', 'GET', { 'sec-fetch-site': 'cross-site' }],
    ['a page from elsewhere that starts a check', 'POST', { origin: 'https://elsewhere.example' }],
    ['a sandboxed page that starts a check', 'POST', { origin: 'null' }],
    ['a request that does not say where it comes from', 'POST', {}],
    ['a page on another port', 'POST', { origin: 'http://127.0.0.1:1' }],
  ])('%s', async (_, method, headers) => {
    const port = String(bench.port);
    const own = Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', port)]);
    const { status, body } = await ask(method === 'GET' ? '/' : '/check/0', {
      method,
      headers: Object.fromEntries(own) as Record<string, string>,
    });
    expect({ status, lines: body.split('\n').length }).toEqual({ status: 403, lines: 2 });
  });

  test('a link from elsewhere may lead here', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask('/', { headers })).status).toBe(200);
  });

  test('looking at a check starts none', async () => {
    const { status, headers } = await ask('/check/0');
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'POST' });
  });

  test('a taken port is a failure with a sentence', async () => {
    await expect(serveWorkbench({ port: bench.port, telling })).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringContaining(`Port ${bench.port} is taken`) as string,
    });
  });
});

describe('a check', () => {
  test('of an untouched exercise streams progress and ends with the story of the terminal', async () => {
    const told = await checkOf('first-crash');
    const last = told.at(-1);
    expect(told.length).toBeGreaterThan(2);
    expect(told.slice(0, -1).every(({ kind }) => kind === 'progress')).toBe(true);
    if (last?.kind !== 'end' || !last.report) throw new Error('The stream has no end.');
    expect(last.word).toBe('broken');
    expect(last.story).toContain('✗ no-loss');
    const options = { columns: 100, color: false, plain: false, full: false };
    expect(last.story).toBe(renderReport(last.report, options));
    expect(last.painted).toMatch(/consumer\.commitOffsets.*✗/);
    // It stopped at the finding, before anything was stopped gracefully.
    expect(last.report.coverage?.sites).toHaveLength(5);
  });

  test('of code that does not compile ends without a verdict', async () => {
    const path = join(course.root, 'exercises/00-first-crash/greeter.ts');
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, 'export const greeter = (;\n');
    const [last] = (await checkOf('0')).slice(-1);
    writeFileSync(path, before);
    expect(last).toMatchObject({
      kind: 'end',
      word: 'does not load',
      story: expect.stringContaining('greeter.ts:1 does not compile') as string,
    });
  });

  test('is one at a time, ends when its page goes, and leaves room for the next', async () => {
    const page = new AbortController();
    const first = await startCheck('1', page.signal);
    const second = await startCheck('0');
    expect(second.status).toBe(409);
    expect(await second.text()).toBe('A check of chapter 1 is running; stop it, or wait for it.\n');
    const gone = first.text().catch((error: unknown) => (error as Error).name);
    page.abort();
    expect(await gone).toBe('AbortError');
    await expect.poll(async () => (await startCheck('0')).status, { timeout: 5_000 }).toBe(200);
  });
});
