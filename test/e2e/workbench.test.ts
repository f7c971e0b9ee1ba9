/**
 * The workbench as a learner meets it: in a browser, by keyboard, narrow, and without scripts. With
 * SCREENSHOTS=<folder> it also leaves pictures there, for eyes.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { projectRoot } from '#content';
import { serveWorkbench, type Workbench } from '#workbench';
import { untouchedCourse, type Course } from '../workbench/course.ts';
import { telling } from '../workbench/terminal-words.ts';
import { browserIsMissing, launch } from './browser.ts';

/** What button and progress said since, however short: a quick check passes them in no time. */
async function watched(page: Page): Promise<() => Promise<string[]>> {
  const handle = await page.evaluateHandle(() => {
    const texts: string[] = [];
    const look = (): void => {
      for (const element of document.querySelectorAll('button, #progress')) {
        texts.push(element.textContent ?? '');
      }
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    return texts;
  });
  return () => handle.evaluate((texts) => texts);
}

describe.skipIf(browserIsMissing)('in the browser', () => {
  let course: Course;
  let bench: Workbench;
  let browser: Browser;

  beforeAll(async () => {
    course = untouchedCourse();
    bench = await serveWorkbench({ port: 0, root: course.root, telling });
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await bench.close();
    course.remove();
  });

  /** A page, and what it complained about or asked from elsewhere. */
  async function open(
    path: string,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (entry) => entry.type() === 'error' && complaints.push(entry.text()));
    page.on('request', (request) => {
      const own = request.url().startsWith(bench.address) || request.url().startsWith('data:');
      if (!own) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(new URL(path, bench.address).href);
    return { page, complaints };
  }

  async function picture(page: Page, name: string): Promise<void> {
    const folder = process.env['SCREENSHOTS'];
    if (folder === undefined) return;
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  function overflow(page: Page): Promise<number> {
    return page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
  }

  test('from the list to a chapter to its story', async () => {
    const { page, complaints } = await open('/', { viewport: { width: 1280, height: 800 } });
    await picture(page, 'list-light');
    await page.getByRole('link', { name: 'First crash' }).click();
    await page.getByRole('heading', { level: 1, name: 'First crash' }).waitFor();
    const seen = await watched(page);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.locator('#verdict[data-word="broken"]').waitFor();
    expect(await seen()).toEqual(expect.arrayContaining(['Stop', expect.stringMatching(/run/)]));
    const story = page.getByRole('region', { name: 'What the check found' });
    expect(await story.textContent()).toMatch(/✗ no-loss[^]*⚡[^]*greeter\.ts/);
    const painted = page.getByRole('region', { name: 'What dying at each line does' });
    expect(await painted.textContent()).toMatch(/consumer\.commitOffsets.*✗/);
    expect(await page.getByRole('status').textContent()).toContain('broken');
    await page.getByRole('button', { name: 'Check again' }).waitFor();
    await picture(page, 'story-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'story-dark');
    expect(complaints).toEqual([]);
  });

  test('by keyboard alone, and a second press stops it', async () => {
    const { page } = await open('/chapters/1');
    // Held up on its way, so that it cannot be over before the second press.
    await page.route('**/check/**', () => undefined);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the text');
    await page.getByRole('button', { name: 'Check' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('#verdict[data-word="stopped"]').waitFor();
    expect(await page.locator(':focus').textContent()).toBe('Check again');
  });

  test('at 360 pixels nothing but the code scrolls sideways, and the story fits', async () => {
    const { page, complaints } = await open('/', { viewport: { width: 360, height: 740 } });
    expect(await overflow(page)).toBe(0);
    await page.goto(new URL('/chapters/1', bench.address).href);
    expect(await overflow(page)).toBe(0);
    await page.goto(new URL('/chapters/0', bench.address).href);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.locator('#verdict[data-word="broken"]').waitFor();
    expect(await overflow(page)).toBe(0);
    await picture(page, 'story-narrow');
    expect(complaints).toEqual([]);
  });

  test('a check that another page started is told, and the page recovers', async () => {
    // A right answer is looked at until the time is over, so that it is still under way below.
    const exercise = join(course.root, 'exercises/01-producer-consumer/greetings.ts');
    const handedOut = readFileSync(exercise);
    onTestFinished(() => writeFileSync(exercise, handedOut));
    cpSync(join(projectRoot, 'solutions/01-producer-consumer/greetings.ts'), exercise);
    const first = await open('/chapters/1');
    await first.page.getByRole('button', { name: 'Check' }).click();
    await first.page.getByRole('button', { name: 'Stop' }).waitFor();
    const { page } = await open('/chapters/0');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('A check of chapter 1 is running').waitFor();
    await first.page.close();
    const again = async (): Promise<string | null> => {
      await page.getByRole('button', { name: 'Check again' }).click();
      await page.locator('#verdict[data-word]').waitFor();
      return page.locator('#verdict').textContent();
    };
    await expect.poll(again, { timeout: 30_000 }).toBe('broken');
  });

  test('without scripts the chapter says what to run in a terminal', async () => {
    const { page } = await open('/chapters/1', { javaScriptEnabled: false });
    await page.getByText('npm test 1', { exact: true }).last().waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    await picture(page, 'chapter-without-scripts');
  });
});
