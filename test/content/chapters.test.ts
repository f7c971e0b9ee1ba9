import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findChapters, loadChapter, resolveChapter, sourceFiles } from '#content';
import { course, definition, worker } from './tiny-course.ts';

describe('finding', () => {
  test('chapters come in the order of their numbers, other folders are passed over', async () => {
    const { root, write } = course('10-late', '02-early');
    write('chapters/notes/readme.md', 'no chapter');
    const found = await findChapters(root);
    expect(found.map(({ number, name }) => `${number} ${name}`)).toEqual(['2 early', '10 late']);
  });

  test('a root without chapters has none', async () => {
    expect(await findChapters(course().root)).toEqual([]);
  });

  test.each(['1', '01', 'producer-consumer', '01-producer-consumer', 1, ' 01-Producer-Consumer/ '])(
    '"%s" means chapter 1',
    async (wanted) => {
      const { root } = course('00-first-crash', '01-producer-consumer');
      expect((await resolveChapter(wanted, root)).folder).toBe('01-producer-consumer');
    },
  );

  test('swapped digits get a suggestion with its title', async () => {
    const { root } = course('15-idempotent-consumer', '19-transactions');
    await expect(resolveChapter('51', root)).rejects.toMatchObject({
      code: 'USAGE',
      message: 'There is no chapter 51. Did you mean 15 · Tiny?',
    });
  });

  test('a mistyped name gets the nearest one', async () => {
    const { root } = course('15-idempotent-consumer', '19-transactions');
    await expect(resolveChapter('transaction', root)).rejects.toThrow('Did you mean 19 · Tiny?');
  });

  test('a suggestion does without the title of a chapter that does not load', async () => {
    const { root, write } = course('15-idempotent-consumer');
    write('chapters/15-idempotent-consumer/chapter.ts', 'nonsense(');
    await expect(resolveChapter(51, root)).rejects.toThrow(
      'Did you mean 15 · idempotent-consumer?',
    );
  });

  test('a word like no chapter gets the list', async () => {
    const { root } = course('00-first-crash', '01-producer-consumer');
    await expect(resolveChapter('kubernetes', root)).rejects.toThrow(
      'There is no chapter kubernetes. There are: 0 · Tiny, 1 · Tiny.',
    );
  });
});

describe('loading', () => {
  test('a chapter knows its definition, its paths and the files of its overlays', async () => {
    const { load, root } = course('01-tiny');
    const chapter = await load();
    expect(chapter.definition.title).toBe('Tiny');
    expect(chapter.stubPath).toBe(`${root}/chapters/01-tiny/stub`);
    expect(chapter.exercisePath).toBe(`${root}/exercises/01-tiny`);
    expect(chapter.solutionPath).toBe(`${root}/solutions/01-tiny`);
    expect(chapter.mutants).toMatchObject([{ name: 'hasty', files: ['worker.ts'] }]);
    expect(chapter.variants).toMatchObject([{ name: 'slow', files: ['worker.ts'] }]);
  });

  test('a mutant is the solution with its own files laid over it', async () => {
    const { load, write } = course('01-tiny');
    write('solutions/01-tiny/parts/helper.ts', 'export const helper = 1;\n');
    write('chapters/01-tiny/mutants/hasty/extra.ts', 'export const extra = 1;\n');
    const chapter = await load();
    const files = await sourceFiles(chapter, { mutant: 'hasty' });
    expect([...files.keys()].toSorted()).toEqual(['extra.ts', 'parts/helper.ts', 'worker.ts']);
    expect(readFileSync(files.get('worker.ts') ?? '', 'utf8')).toBe(
      worker("console.log('hasty');"),
    );
    expect([...(await sourceFiles(chapter, 'solution')).keys()]).not.toContain('extra.ts');
  });

  test('a chapter that throws while it loads is named, with the reason', async () => {
    const { load, write } = course('01-tiny');
    write('chapters/01-tiny/chapter.ts', "throw new Error('no luck');");
    await expect(load()).rejects.toMatchObject({
      code: 'TROUBLE',
      message: 'chapters/01-tiny/chapter.ts does not load: no luck',
    });
  });

  test.each([
    ['two exports', `${definition}export const more = 1;`],
    ['no definition', 'export const tiny = { title: 1 };'],
  ])('a chapter.ts with %s is refused', async (_, source) => {
    const { root, write } = course('01-tiny');
    write('chapters/01-tiny/chapter.ts', source);
    const [folder] = await findChapters(root);
    if (!folder) throw new Error('not found');
    await expect(loadChapter(folder)).rejects.toThrow('must export one thing');
  });
});
