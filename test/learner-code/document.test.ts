import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '#content';
import { documentOf } from './document.ts';

const file = 'docs/learner-code.md';

test(`${file} has exactly the rows that are tested`, async () => {
  const formatter = join(projectRoot, 'node_modules/oxfmt/bin/oxfmt');
  const text = execFileSync(process.execPath, [formatter, `--stdin-filepath=${file}`], {
    cwd: projectRoot,
    input: documentOf(),
    encoding: 'utf8',
  });
  await expect(text).toMatchFileSnapshot(join(projectRoot, file));
});
