/**
 * The text of a chapter: long enough, opens by breaking something, and everything that it points
 * at is there.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Chapter } from './chapters.ts';
import type { Report } from './problem.ts';
import { headingsIn, readChapterText, type ChapterText } from './text.ts';

const leastWords = 300;
const opening = 'Break it first';
const task = 'Make it hold';

export async function checkText(chapter: Chapter, report: Report): Promise<void> {
  const file = `chapters/${chapter.folder}/chapter.mdx`;
  if (!existsSync(chapter.textPath)) {
    report('text', `${file} does not exist.`, { file });
    return;
  }
  const text = await readChapterText(chapter);
  const say = (sentence: string, line?: number): void =>
    report('text', sentence, line === undefined ? { file } : { file, line });
  if (text.words < leastWords) {
    say(`The text has ${text.words} words; it needs ${leastWords} or more.`);
  }
  const sections = text.headings.filter(({ depth }) => depth === 2).map(({ title }) => title);
  if (sections[0] !== opening) say(`The first section must be "${opening}".`);
  if (!sections.includes(task)) say(`The text needs a section "${task}".`);
  for (const { from, region, found, line } of text.code) {
    const what = region === undefined ? from : `region ${region} of ${from}`;
    if (!found) say(`<Code> points at ${what}, which does not exist.`, line);
  }
  await checkLinks(chapter, text, say);
  for (const { file: missing, run, text: output, line } of text.captured) {
    if (run === undefined) say(`<Captured from="${missing}"> must say what to run.`, line);
    if (output === undefined) {
      report('capture', `${missing} has not been captured yet; it is the output of ${run}.`, {
        file,
        line,
      });
    }
  }
}

async function checkLinks(
  chapter: Chapter,
  text: ChapterText,
  say: (sentence: string, line?: number) => void,
): Promise<void> {
  for (const { href, line } of text.links) {
    if (/^https:\/\/\S+\.\S+/.test(href)) continue;
    if (/^[a-z]+:/i.test(href)) {
      say(`The link ${href} must begin with https://.`, line);
      continue;
    }
    const [path = '', anchor] = href.split('#');
    const target = path === '' ? chapter.textPath : join(dirname(chapter.textPath), path);
    if (!existsSync(target)) say(`The link ${href} leads nowhere.`, line);
    else if (anchor !== undefined && !(await hasHeading(target, anchor))) {
      say(`The link ${href} names a section that is not there.`, line);
    }
  }
}

async function hasHeading(path: string, slug: string): Promise<boolean> {
  return headingsIn(await readFile(path, 'utf8')).some((heading) => heading.slug === slug);
}
