/** A Chromium of this machine; without one the tests in the browser are skipped, and say so. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const known = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const program = known.find((path) => path !== undefined && existsSync(path));

export const browserIsMissing = program === undefined;

if (browserIsMissing) {
  process.stderr.write('No Chromium here: the tests in the browser are skipped (CHROMIUM=path).\n');
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: program ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
