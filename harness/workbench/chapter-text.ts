/**
 * A chapter's MDX as static HTML, made on the server: mdx-bundler compiles it, React draws it.
 * Code and captured output come from files (`readChapterText`), never from the text.
 *
 * Left out: highlighting of code, and MDX that needs a script in the browser.
 */
import { createElement as h, type ComponentProps, type ReactElement, type ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { Failure } from '#kernel';
import { readChapterText, type ChapterFolder, type ChapterText, type Heading } from '#content';
import { splitWide, wideCell } from './page/cells.ts';

/** The text of a chapter, drawn. */
export interface DrawnText {
  readonly html: string;
  /** What the table of contents shows. */
  readonly sections: readonly Heading[];
}

const drawn = new Map<string, { readonly of: string; readonly text: DrawnText }>();

/** Drawn again only when the text, or a file that it shows, has changed. */
export async function chapterText(chapter: ChapterFolder): Promise<DrawnText> {
  const source = await readChapterText(chapter);
  const of = JSON.stringify(source);
  const known = drawn.get(chapter.path);
  if (known?.of === of) return known.text;
  const text = { html: await draw(chapter, source), sections: sectionsOf(source) };
  drawn.set(chapter.path, { of, text });
  return text;
}

function sectionsOf({ headings }: ChapterText): readonly Heading[] {
  return headings.filter(({ depth }) => depth === 2);
}

async function draw(chapter: ChapterFolder, source: ChapterText): Promise<string> {
  const file = `chapters/${chapter.folder}/chapter.mdx`;
  try {
    const code = await compile(chapter, source);
    const { getMDXComponent } = await import('mdx-bundler/client/index.js');
    return renderToStaticMarkup(h(getMDXComponent(code), { components: componentsFor(source) }));
  } catch (error) {
    throw new Failure('TROUBLE', sentenceFor(error, file, source), { cause: error });
  }
}

async function compile(chapter: ChapterFolder, source: ChapterText): Promise<string> {
  const [{ bundleMDX }, { default: remarkGfm }] = await Promise.all([
    import('mdx-bundler'),
    import('remark-gfm'),
  ]);
  const { code } = await bundleMDX({
    source: source.mdx,
    cwd: chapter.path,
    mdxOptions: (options) => ({
      ...options,
      remarkPlugins: [...(options.remarkPlugins ?? []), remarkGfm, [nameHeadings, source]],
    }),
    // Its errors are ours to tell.
    esbuildOptions: (options) => ({ ...options, logLevel: 'silent' }),
  });
  return code;
}

interface TextNode {
  readonly type: string;
  readonly position?: { readonly start: { readonly line: number } };
  readonly children?: readonly TextNode[];
  data?: { hProperties?: Record<string, unknown> };
}

/** The names that links in chapters use, so that page and chapter check agree on them. */
function nameHeadings({ headings }: ChapterText): (tree: TextNode) => void {
  const visit = (node: TextNode): void => {
    const line = node.position?.start.line;
    const heading = node.type === 'heading' && headings.find((each) => each.line === line);
    if (heading) node.data = { ...node.data, hProperties: { id: heading.slug } };
    for (const child of node.children ?? []) visit(child);
  };
  return visit;
}

interface Placement {
  readonly from?: string;
  readonly region?: string;
  readonly run?: string;
}

function componentsFor({ code, captured }: ChapterText) {
  return {
    Code: ({ from, region }: Placement) => {
      const found = code.find((each) => each.from === from && each.region === region);
      return codeFigure(found?.file ?? String(from), found?.found, region);
    },
    Captured: ({ from, run }: Placement) => {
      const found = captured.find((each) => each.from === from);
      return capturedFigure(run, found?.text);
    },
    a: link,
    pre: (props: ComponentProps<'pre'>) => h('pre', { ...props, tabIndex: 0 }),
    table: (props: ComponentProps<'table'>) =>
      h('div', { className: 'wide', tabIndex: 0 }, h('table', props)),
  };
}

function codeFigure(
  file: string,
  found: ChapterText['code'][number]['found'],
  region?: string,
): ReactElement {
  if (!found) {
    const what = region === undefined ? file : `"${region}" of ${file}`;
    return h('p', { className: 'missing' }, `The code of ${what} is not there.`);
  }
  const caption = `${file}:${found.firstLine}`;
  return figure(caption, caption, h('code', null, found.text.join('\n')));
}

function capturedFigure(run: string | undefined, text: string | undefined): ReactElement {
  const command = run === undefined ? null : h('code', { className: 'command' }, run);
  if (text !== undefined)
    return figure(command, 'output', h('samp', null, ...inCells(text.trimEnd())));
  return h(
    'figure',
    null,
    h('figcaption', null, 'Run it in a terminal to see what it prints:'),
    h('pre', { tabIndex: 0 }, command),
  );
}

function inCells(text: string): readonly ReactNode[] {
  return splitWide(text).map((part, index) =>
    index % 2 === 0 ? part : h('span', { key: index, className: wideCell }, part),
  );
}

/** Whatever is wide scrolls in itself, and by keyboard, too. */
function figure(caption: ReactNode, label: string, content: ReactElement): ReactElement {
  return h(
    'figure',
    null,
    h('figcaption', null, caption),
    h('pre', { tabIndex: 0, role: 'region', 'aria-label': label }, content),
  );
}

/** A chapter links to another one's file; the page has an address for it. */
function link({ href = '', children, ...props }: ComponentProps<'a'>): ReactElement {
  const other = /^\.\.\/\d{2}-([a-z0-9-]+)\/chapter\.mdx(#.*)?$/.exec(href);
  if (other) return h('a', { ...props, href: `/chapters/${other[1]}${other[2] ?? ''}` }, children);
  const open = /^(?:https?:|#|\/)/.test(href);
  return open ? h('a', { ...props, href }, children) : h('span', { title: href }, children);
}

interface MdxTrouble {
  readonly message: string;
  readonly errors?: readonly {
    readonly text: string;
    readonly location?: { readonly line: number } | null;
    readonly detail?: { readonly cause?: { readonly message?: string } } | null;
  }[];
}

/** `chapters/01-…/chapter.mdx:12 …`: where it is wrong and how, in one line. */
function sentenceFor(error: unknown, file: string, { mdx }: ChapterText): string {
  const { message, errors = [] } = error as MdxTrouble;
  const [first] = errors;
  if (first) {
    const reason = first.detail?.cause?.message ?? first.text;
    const where = first.location ? `${file}:${first.location.line}` : file;
    return `${where} does not compile: ${reason}.`;
  }
  const unknown = /Expected component `(\w+)` to be defined/.exec(message)?.[1];
  if (unknown === undefined) return `${file} cannot be drawn: ${message}`;
  const line = mdx.slice(0, mdx.indexOf(`<${unknown}`)).split('\n').length;
  return `${file}:${line} uses <${unknown}>; there are <Code> and <Captured>.`;
}
