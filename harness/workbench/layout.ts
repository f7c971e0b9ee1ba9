/** What every page has: head, a way home, a way past it. HTML is made here and nowhere else. */
import { createElement as h, Fragment, type ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

export interface Page {
  /** Left out on the first page. */
  readonly title?: string;
  readonly main: ReactNode;
  /** Pages that run a check load the script for it. */
  readonly script?: boolean;
}

export function htmlOf({ title, main, script = false }: Page): string {
  const markup = renderToStaticMarkup(
    h(
      'html',
      { lang: 'en' },
      h(
        'head',
        null,
        h('meta', { charSet: 'utf-8' }),
        h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
        h('meta', { name: 'color-scheme', content: 'light dark' }),
        h('title', null, title === undefined ? 'Crashproof' : `${title} · Crashproof`),
        h('link', { rel: 'icon', href: 'data:,' }),
        h('link', { rel: 'stylesheet', href: '/page.css' }),
        script ? h('script', { type: 'module', src: '/page.js' }) : null,
      ),
      h(
        'body',
        null,
        h('a', { className: 'skip', href: '#main' }, 'Skip to the text'),
        h('header', { className: 'top' }, h('a', { href: '/' }, 'Crashproof')),
        h('main', { id: 'main', tabIndex: -1 }, main),
      ),
    ),
  );
  return `<!doctype html>\n${markup}\n`;
}

/** A page that says one thing, and the way back. */
export function sentencePage(title: string, sentence: string): string {
  const main = h(
    Fragment,
    null,
    h('h1', null, title),
    h('p', null, sentence),
    h('p', null, h('a', { href: '/' }, 'All chapters')),
  );
  return htmlOf({ title, main });
}
