/**
 * The workbench's server: loopback only, no framework, no state but the check that is running.
 *
 *     GET  /                  chapters
 *     GET  /chapters/<name>   one chapter; number, name or folder
 *     POST /check/<name>      checks its exercise; lines of JSON (check-stream.ts)
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Failure } from '#kernel';
import { projectRoot, resolveChapter, type ChapterFolder } from '#content';
import { createCheckDesk, type CheckDesk, type Telling } from './check-stream.ts';
import { refusal, securityHeaders } from './guard.ts';
import { sentencePage } from './layout.ts';
import { chapterPage, listPage } from './pages.ts';

export interface WorkbenchOptions {
  /** 0 = any free one. */
  readonly port: number;
  readonly telling: Telling;
  /** Whose chapters and exercises; left out = this package's. */
  readonly root?: string;
  /** Told of what went wrong inside; the page gets one sentence. */
  readonly onTrouble?: (error: unknown) => void;
}

export interface Workbench {
  /** `http://127.0.0.1:4400/` */
  readonly address: string;
  readonly port: number;
  /** Ends the check that is running, too. */
  readonly close: () => Promise<void>;
}

interface Place {
  readonly root: string;
  readonly desk: CheckDesk;
  readonly onTrouble: (error: unknown) => void;
}

/** Rejects with PORT_BUSY where somebody else has the port. */
export async function serveWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const desk = createCheckDesk(options.telling);
  const place: Place = {
    root: options.root ?? projectRoot,
    desk,
    onTrouble: options.onTrouble ?? (() => {}),
  };
  const server = createServer((request, response) => void answer(place, request, response));
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    port,
    close: () =>
      new Promise((resolve) => {
        desk.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const busy = error.code === 'EADDRINUSE' || error.code === 'EACCES';
      const message = `Port ${port} is taken, perhaps by another npm start.`;
      reject(busy ? new Failure('PORT_BUSY', message, { cause: error }) : error);
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

async function answer(
  place: Place,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  const { localPort = 0 } = request.socket;
  const refused = refusal(request, localPort);
  if (refused !== undefined) return send(response, 403, 'text/plain', `${refused}\n`);
  const url = new URL(request.url ?? '/', `http://127.0.0.1:${localPort}`);
  try {
    await route(place, url, request, response);
  } catch (error) {
    const usage = error instanceof Failure && error.code === 'USAGE';
    if (!usage) place.onTrouble(error);
    if (response.headersSent) return void response.end();
    const message = error instanceof Error ? error.message : String(error);
    if (request.method === 'POST') {
      return send(response, usage ? 404 : 500, 'text/plain', `${message}\n`);
    }
    const title = usage ? 'No such chapter' : 'This page cannot be shown';
    send(response, usage ? 404 : 500, 'text/html', sentencePage(title, message));
  }
}

async function route(
  place: Place,
  { pathname, searchParams }: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, area = '', name = '', ...more] = pathname.split('/').map(decode);
  const wanted = area === 'check' ? 'POST' : 'GET';
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== wanted) {
    response.setHeader('allow', wanted);
    return send(response, 405, 'text/plain', `Ask for this with ${wanted}.\n`);
  }
  if (pathname === '/') return send(response, 200, 'text/html', await listPage(place.root));
  if (pathname === '/page.css') return send(response, 200, 'text/css', await asset('page.css'));
  if (pathname === '/page.js') return send(response, 200, 'text/javascript', await script());
  if (name !== '' && more.length === 0) {
    if (area === 'chapters') {
      const chapter = await resolveChapter(name, place.root);
      return send(response, 200, 'text/html', await chapterPage(chapter));
    }
    if (area === 'check') {
      return startCheck(place, await resolveChapter(name, place.root), searchParams, response);
    }
  }
  send(response, 404, 'text/html', sentencePage('No such page', `There is no page ${pathname}.`));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function startCheck(
  { desk }: Place,
  chapter: ChapterFolder,
  searchParams: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const busy = desk.busyWith();
  if (busy) {
    const sentence = `A check of chapter ${busy.number} is running; stop it, or wait for it.`;
    return send(response, 409, 'text/plain', `${sentence}\n`);
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' });
  response.flushHeaders();
  const columns = Number(searchParams.get('columns') ?? 100);
  await desk.run(chapter, columns >= 40 && columns <= 200 ? Math.floor(columns) : 100, response);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` });
  // For HEAD, Node sends the headers alone.
  response.end(body);
}

function asset(name: string): Promise<string> {
  return readFile(join(import.meta.dirname, 'page', name), 'utf8');
}

let built: Promise<string> | undefined;

/** The page's own script: checked as TypeScript with everything else, sent without its types. */
function script(): Promise<string> {
  built ??= import('esbuild').then(async ({ build }) => {
    const entry = join(import.meta.dirname, 'page', 'page.ts');
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
    });
    return outputFiles.map(({ text }) => text).join('');
  });
  return built;
}
