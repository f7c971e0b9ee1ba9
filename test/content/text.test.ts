import { describe, expect, test } from 'vitest';
import { readChapterText, readRegion } from '#content';
import { course } from './tiny-course.ts';

describe('regions', () => {
  const source = [
    "import { Kafka } from 'kafkajs';",
    '',
    'export const publisher: Service = async () => {',
    '  // region: loop',
    '  await consumer.run({',
    '    eachMessage,',
    '  });',
    '  // endregion',
    '};',
    '',
    'export async function greeter(',
    '  env: Env,',
    '): Promise<void> {',
    '  done();',
    '}',
    'export const one = 1;',
    '',
  ].join('\n');

  test('a region has its own lines, its indentation taken away, and its place', () => {
    expect(readRegion(source, 'loop')).toEqual({
      firstLine: 5,
      text: ['await consumer.run({', '  eachMessage,', '});'],
    });
  });

  test('the name of an export means the whole of it, without marks inside', () => {
    expect(readRegion(source, 'publisher')).toEqual({
      firstLine: 3,
      text: [
        'export const publisher: Service = async () => {',
        '  await consumer.run({',
        '    eachMessage,',
        '  });',
        '};',
      ],
    });
    expect(readRegion(source, 'greeter')?.text.at(-1)).toBe('}');
    expect(readRegion(source, 'greeter')?.text).toHaveLength(5);
    expect(readRegion(source, 'one')).toEqual({ firstLine: 16, text: ['export const one = 1;'] });
  });

  test('no name means the file; a name that is not there means nothing', () => {
    expect(readRegion(source)?.text).toHaveLength(14);
    expect(readRegion(source, 'lop')).toBeUndefined();
    expect(readRegion('// region: open\nx();\n', 'open')).toBeUndefined();
  });

  test('regions work in SQL and with Windows line ends', () => {
    expect(readRegion('-- region: t\r\n  create table t ();\r\n-- endregion\r\n', 't')).toEqual({
      firstLine: 2,
      text: ['create table t ();'],
    });
  });
});

describe('the text of a chapter', () => {
  const read = async (mdx: string) => {
    const tiny = course('01-tiny');
    tiny.write('chapters/01-tiny/chapter.mdx', mdx);
    tiny.write('chapters/01-tiny/captured/red.txt', '✗ no-loss\n');
    return readChapterText(await tiny.load());
  };

  test('code comes with its file, its place in the text and its lines', async () => {
    const { code } = await read('\n<Code from="solution/worker.ts" region="worker" />\n');
    expect(code).toEqual([
      {
        from: 'solution/worker.ts',
        region: 'worker',
        file: 'solutions/01-tiny/worker.ts',
        line: 2,
        found: {
          firstLine: 1,
          text: [
            'export const worker = async () => {',
            "  console.log('right');",
            '  return { stop: async () => {} };',
            '};',
          ],
        },
      },
    ]);
  });

  test('captured output comes with the command that makes it', async () => {
    const tag = `<Captured from="captured/red.txt" run="npx crash 1 --fault 'crash a · #1'" />`;
    expect((await read(tag)).captured).toEqual([
      {
        from: 'captured/red.txt',
        file: 'chapters/01-tiny/captured/red.txt',
        line: 1,
        run: "npx crash 1 --fault 'crash a · #1'",
        text: '✗ no-loss\n',
      },
    ]);
  });

  test('words of prose count; code, tags, comments and addresses do not', async () => {
    const mdx = [
      '{/* not a word */}',
      'Two words, [three four](https://example.org/five-six) and `no code` <b>at</b> all.',
      '```ts',
      'const nothing = "counts";',
      '```',
    ].join('\n');
    // two words three four and x(the inline code, one word) at all
    expect((await read(mdx)).words).toBe(8);
  });

  test('nothing inside a fence is a component, a heading or a link', async () => {
    const inside = '## Not a heading\n<Code from="x" />\n[no link](nowhere)\n';
    const { code, headings, links } = await read(`\`\`\`md\n${inside}\`\`\`\n\n## A heading\n`);
    expect({ code, links }).toEqual({ code: [], links: [] });
    expect(headings).toEqual([{ depth: 2, title: 'A heading', slug: 'a-heading', line: 7 }]);
  });
});
