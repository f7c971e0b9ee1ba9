/**
 * The list of chapters, and one chapter: its text, the file to edit, the button that checks it.
 *
 * Left out, each in its turn: progress and attempts, the picture of a counterexample, hints after a
 * pass, an editor, search.
 */
import { createElement as h, Fragment, type ReactElement } from 'react';
import { findChapters, loadChapter, type Chapter, type ChapterFolder } from '#content';
import { chapterText, type DrawnText } from './chapter-text.ts';
import { htmlOf } from './layout.ts';

export async function listPage(root: string): Promise<string> {
  const chapters = await findChapters(root);
  const items = await Promise.all(chapters.map((chapter) => listItem(chapter, chapters)));
  const lead =
    'Kafka’s design patterns, learned by running your own code under every crash. ' +
    'Read a chapter, edit its exercise, check it here or in a terminal.';
  const main = h(
    Fragment,
    null,
    h('h1', null, 'Chapters'),
    h('p', { className: 'lead' }, lead),
    items.length === 0
      ? h('p', null, 'There are no chapters yet.')
      : h('ol', { className: 'chapters' }, ...items),
  );
  return htmlOf({ main });
}

/** A chapter that does not load says so in its place; the others are not its hostages. */
async function listItem(
  folder: ChapterFolder,
  all: readonly ChapterFolder[],
): Promise<ReactElement> {
  const { number, name } = folder;
  const href = `/chapters/${name}`;
  const loaded = await loadChapter(folder).catch((error: unknown) => error as Error);
  const broken = loaded instanceof Error;
  const title = broken ? name : loaded.definition.title;
  const details = broken
    ? [h('p', { className: 'missing' }, loaded.message)]
    : [
        h('p', null, loaded.definition.promise),
        h('p', { className: 'facts' }, `${loaded.definition.minutes} minutes`, needs(loaded, all)),
      ];
  return h(
    'li',
    { key: name },
    h('span', { className: 'number', 'aria-hidden': true }, number),
    h('div', null, h('h2', null, h('a', { href }, title)), ...details),
  );
}

function needs({ definition }: Chapter, all: readonly ChapterFolder[]): ReactElement | null {
  if (definition.needs.length === 0) return null;
  const links = definition.needs.map((name, index) => {
    const number = all.find((chapter) => chapter.name === name)?.number;
    const text = number === undefined ? name : `chapter ${number}`;
    const target = h('a', { href: `/chapters/${name}` }, text);
    return h(Fragment, { key: name }, index > 0 ? ', ' : '', target);
  });
  return h(Fragment, null, ' · after ', ...links);
}

export async function chapterPage(folder: ChapterFolder): Promise<string> {
  const [chapter, text, all] = await Promise.all([
    loadChapter(folder),
    chapterText(folder),
    findChapters(folder.root),
  ]);
  const { definition, number } = chapter;
  const { title, promise, minutes, pass } = definition;
  const main = h(
    Fragment,
    null,
    h(
      'header',
      null,
      h('h1', null, h('span', { className: 'number' }, number), ' ', title),
      h('p', { className: 'lead' }, promise),
      h(
        'p',
        { className: 'facts' },
        `${minutes} minutes · passes at level ${pass}`,
        needs(chapter, all),
      ),
    ),
    contents(text),
    h('article', { dangerouslySetInnerHTML: { __html: text.html } }),
    checkSection(chapter),
  );
  return htmlOf({ title: `${number} ${title}`, main, script: true });
}

function contents({ sections }: DrawnText): ReactElement {
  const links = [...sections, { slug: 'check', title: 'Check your code' }];
  return h(
    'nav',
    { 'aria-label': 'In this chapter' },
    h(
      'ul',
      null,
      links.map(({ slug, title }) =>
        h('li', { key: slug }, h('a', { href: `#${slug}` }, title.replace(/[`*_]/g, ''))),
      ),
    ),
  );
}

/** Without the script there is the command; with it, the button. */
function checkSection({ name, number, folder, definition }: Chapter): ReactElement {
  const files = [...new Set(Object.values(definition.roles).map(({ file }) => file))];
  const paths = files.map((file, index) =>
    h(
      Fragment,
      { key: file },
      index > 0 ? ' and ' : '',
      h('code', null, `exercises/${folder}/${file}`),
    ),
  );
  return h(
    'section',
    { className: 'check', 'aria-labelledby': 'check' },
    h('h2', { id: 'check' }, 'Check your code'),
    h('p', null, 'Edit ', ...paths, ' and save it.'),
    h(
      'p',
      { className: 'controls' },
      h('button', { type: 'button', id: 'run', 'data-chapter': name, hidden: true }, 'Check'),
      h('span', { id: 'progress' }),
    ),
    h(
      'p',
      { className: 'facts' },
      'In a terminal: ',
      h('code', { className: 'command' }, `npm test ${number}`),
    ),
    h('p', { id: 'verdict', role: 'status' }),
    h('pre', {
      id: 'story',
      hidden: true,
      tabIndex: 0,
      role: 'region',
      'aria-label': 'What the check found',
    }),
    h(
      'div',
      { id: 'coverage', hidden: true },
      h('h3', null, 'When the process dies at your lines'),
      h('pre', {
        id: 'painted',
        tabIndex: 0,
        role: 'region',
        'aria-label': 'What dying at each line does',
      }),
    ),
  );
}
