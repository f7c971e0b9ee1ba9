/** Real processes: what ends with which code, and that nothing outlives npm. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { excerptFor } from '../../harness/cli/failures.ts';

const cli = join(import.meta.dirname, '../../harness/cli');

function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(cli, program), ...args], {
    encoding: 'utf8',
    // What the test runner's own npm left in the environment is not this command's.
    env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

describe('a wrong command ends with 2, says one sentence and one example', () => {
  test.each<readonly [string, string[], string]>([
    ['crash.ts', ['1', '--sed', '7'], 'did you mean --seed?\n  npx crash 1 --seed 7\n'],
    ['crash.ts', ['1', '2'], 'One chapter at a time: 1, or 2?\n  npx crash 1\n'],
    ['crash.ts', ['no-such-thing-at-all'], 'There is no chapter no-such-thing-at-all.'],
    ['crash.ts', ['first'], 'Did you mean 0 · First crash?\n  npx crash 0\n'],
    ['crash.ts', ['1', '--from', '/no/such'], 'There is no folder'],
    ['test.ts', ['15', '7'], 'npx crash 15 --seed 7\n'],
    ['chapter.ts', ['new', 'x'], 'npm run chapter new is not there yet.'],
    ['chapter.ts', [], 'npm run chapter check'],
  ])('%s %j', (program, args, text) => {
    const { code, out, err } = run(program, args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(text);
    expect(err).not.toMatch(/\n\s+at |node:internal/);
  });

  test('npm test with an option that npm kept runs nothing', () => {
    const { code, out, err } = run('test.ts', [], { npm_config_watch: 'true' });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('npx crash 1 --watch');
  });
});

test("a port that is taken is the reader's to solve, and ends with 2", async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  for (const program of ['start.ts', 'broker.ts']) {
    const child = spawn(process.execPath, ['--import', 'tsx', join(cli, program), '--port', port], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' },
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    // oxlint-disable-next-line no-await-in-loop -- both want the same port
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ program, code }).toEqual({ program, code: 2 });
    expect(said).toContain(port);
    expect(said).not.toMatch(/report it|\n\s+at /);
  }
  taken.close();
});

test('crash alone is a short help', () => {
  const { code, out } = run('crash.ts', []);
  expect(code).toBe(0);
  expect(out).toContain('npx crash reset 1');
  expect(out.split('\n').length).toBeLessThan(30);
});

test('with --json there is one object on stdout, also for a mistake', () => {
  const { code, out } = run('crash.ts', ['1', '--json', '--level', '9']);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ version: 1, failure: { code: 'USAGE' } });
});

describe('a check of the first chapter, its stub laid over the solution', () => {
  const stub = join(import.meta.dirname, '../../chapters/00-first-crash/stub');
  const solution = ['0', '--solution'];
  const fault = ['--fault', 'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply'];

  test('tells the story and ends with 1', () => {
    const { code, out } = run('crash.ts', [...solution, '--from', stub, ...fault]);
    expect(code).toBe(1);
    expect(out).toContain('✗ no-loss');
    expect(out).toMatch(/⚡ +\d+ {2}DIES: the commit of m1 was stored, its answer never arrived/);
    expect(out).toMatch(/⚡ \d+ │ +await consumer\.commitOffsets/);
    expect(out).not.toContain('\u001b');
  });

  test('survives the same with the solution and ends with 0', () => {
    const { code, out } = run('crash.ts', [...solution, ...fault]);
    expect(code).toBe(0);
    expect(out).not.toContain('✗');
  });

  test('prints exactly one report with --json', () => {
    const { code, out, err } = run('crash.ts', [...solution, '--from', stub, ...fault, '--json']);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(JSON.parse(out)).toMatchObject({ version: 1, verdict: 'broken' });
  });

  test('paints the lines, sees every ✗ again and writes it down for editors', () => {
    const sarif = join(mkdtempSync(join(tmpdir(), 'crash-sarif-')), 'out.sarif');
    const more = ['--coverage', '--verify', '--level', '1', '--sarif', sarif];
    const { code, out } = run('crash.ts', [...solution, '--from', stub, ...more]);
    expect(code).toBe(1);
    expect(out).toMatch(/ 16 {2}await consumer\.commitOffsets.* ✓ +✗ 3\/4 +✗ 3\/4 +k\d/);
    expect(out).toMatch(/ 17 {2}await ports\.sink\.record.* ✗ 3\/4 +✓ +✓ +k\d/);
    expect(out).toContain('seen again, byte for byte');
    expect(out).not.toContain('NOT seen');
    expect(out).toContain('4 of 6 lines of yours that wait for something survive dying before');
    const { runs } = JSON.parse(readFileSync(sarif, 'utf8')) as {
      runs: { results: { locations: object[] }[] }[];
    };
    const place = { artifactLocation: { uri: 'chapters/00-first-crash/stub/greeter.ts' } };
    expect(runs[0]?.results.length).toBeGreaterThanOrEqual(4);
    for (const { locations } of runs[0]?.results ?? []) {
      expect(locations[0]).toMatchObject({ physicalLocation: place });
    }
  });

  test('points at what does not compile and ends with 4', () => {
    const folder = mkdtempSync(join(tmpdir(), 'crash-broken-'));
    writeFileSync(
      join(folder, 'greeter.ts'),
      'export const greeter = async () => {\n  return (;\n};\n',
    );
    const { code, out, err } = run('crash.ts', [...solution, '--from', folder]);
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(err).toMatch(/^greeter\.ts:2 does not compile: /);
    expect(err).toContain('✗  2 │   return (;');
  });

  test('says what is wrong with a fault, with a right one for this chapter', () => {
    const { code, err } = run('crash.ts', [...solution, '--fault', 'crash greeter-0']);
    expect(code).toBe(2);
    expect(err).toContain("\n  npx crash 0 --fault 'crash");
  });
});

test('a closed pipe is no trouble', () => {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', `"${process.execPath}" "${join(cli, 'crash.ts')}" | true`],
    { encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('a place in a message becomes the lines around it, from the folder that lies on top', () => {
  const [below, above] = ['a', 'b'].map((name) => mkdtempSync(join(tmpdir(), `crash-${name}-`)));
  writeFileSync(join(below ?? '', 'greeter.ts'), 'below\n'.repeat(9));
  writeFileSync(join(above ?? '', 'greeter.ts'), 'one\ntwo\nthree\nfour\nfive\nsix\n');
  const folders = [below ?? '', above ?? ''];
  expect(excerptFor('greeter.ts:4 does not compile: …', folders)).toEqual({
    file: 'greeter.ts',
    line: 4,
    from: 2,
    text: ['two', 'three', 'four', 'five', 'six'],
  });
  expect(excerptFor('greeter.ts:99 does not compile', folders)?.text).toBeUndefined();
  expect(excerptFor('nothing is named here', folders)).toBeUndefined();
});

test('what npm started ends when npm is killed, though a shell stands between', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crash-parent-'));
  const child = join(folder, 'child.ts');
  const parent = join(cli, 'parent.ts');
  writeFileSync(
    child,
    `import { watchParents } from ${JSON.stringify(parent)};
     watchParents(() => process.exit(1), { intervalMs: 50 });
     setInterval(() => {}, 1000);
     process.stdout.write('up');`,
  );
  const npm = join(folder, 'npm-cli.js');
  const script = `"${process.execPath}" "${child}"; true`;
  writeFileSync(
    npm,
    `require('node:child_process').spawn('sh', ['-c', ${JSON.stringify(script)}], { stdio: 'inherit' });`,
  );
  const started = spawn(process.execPath, [npm], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '', npm_command: 'exec' },
  });
  await new Promise((resolve) => started.stdout.once('data', resolve));
  started.kill('SIGKILL');
  // The pipe closes when the last process that holds it is gone.
  await new Promise((resolve) => started.stdout.once('close', resolve));
  expect(started.signalCode).toBe('SIGKILL');
});
