import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createKafkaClient } from '#live';
import { bundle } from '#sim';
import { checkLive, type CheckRequest, type Report } from '#verify';
import { startFastBroker, type FastBroker } from './fast-broker.ts';

const root = process.cwd();
const chapter = '01-producer-consumer';
const solution = `solutions/${chapter}`;
const mutant = (name: string): string => `chapters/${chapter}/mutants/${name}`;
const open: FastBroker[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((broker) => broker.stop()));
});

async function broker(topics?: Readonly<Record<string, number>>): Promise<string> {
  const started = await startFastBroker(topics);
  open.push(started);
  return started.address;
}

const live = (
  address: string,
  request: Partial<CheckRequest> = {},
  limits?: { horizonMs: number },
): Promise<Report> =>
  checkLive(
    { root, chapter, folders: [solution], broker: address, remember: false, ...request },
    limits,
  );

/** Files that stand in for those of the solution. */
function overlay(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'crashproof-live-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const publisher = `
  import { Kafka } from 'kafkajs';
  export const publisher = async ({ kafka }) => {
    const producer = new Kafka(kafka).producer();
    await producer.connect();
    const publish = (greeting) => producer.send({
      topic: 'greetings.v1',
      messages: [{ key: greeting.id, value: JSON.stringify(greeting) }],
    });
    return { publish, stop: () => producer.disconnect() };
  };`;

test('the solution survives a kill at its second call and a restart, and leaves nothing', async () => {
  const address = await broker();
  const said: string[] = [];
  const report = await live(address, { onProgress: ({ waitsFor }) => said.push(waitsFor ?? '') });
  expect(report).toMatchObject({ world: 'live', verdict: 'holds', runs: 4, findings: [] });
  expect(report.held).toEqual(['no-loss', 'progress', 'idle-restart', 'calm-exact']);
  expect(report.notJudged).toEqual(['no-invention', 'commit-safe']);
  expect(said.join('\n')).toContain('still counts the killed process as a member');
  const kafka = await createKafkaClient(address);
  expect(await kafka.topics(['greetings.v1'])).toEqual([]);
  expect(await kafka.groups()).toEqual([]);
  kafka.close();
});

test('processes load the two files that the simulated world evaluates', async () => {
  const entries = { publisher: 'greetings.ts', greeter: 'greetings.ts' };
  const { service, libraries } = await bundle({ folders: [solution], entries, projectRoot: root });
  const place = join(root, '.crashproof/live');
  const mine = (): string[] =>
    readdirSync(place)
      .filter((name) => name.startsWith(`${process.pid}-`))
      .flatMap((name) => readdirSync(join(place, name)).map((file) => join(place, name, file)));
  let hashes: string[] = [];
  const report = await live(await broker(), {
    calm: true,
    onProgress({ waitsFor }) {
      if (waitsFor !== undefined) {
        hashes = mine().map((file) =>
          createHash('sha256').update(readFileSync(file)).digest('hex'),
        );
      }
    },
  });
  expect(report.verdict).toBe('holds');
  expect(hashes.toSorted()).toEqual([service.hash, libraries.hash].toSorted());
  expect(mine()).toEqual([]);
});

test('a greeting that was committed before it was recorded is lost by the kill', async () => {
  const address = await broker();
  const report = await live(address, { folders: [solution, mutant('commit-first')] });
  expect(report.verdict).toBe('broken');
  const [finding] = report.findings;
  // The second call is about m2 only where the greeter was there before the greetings: a late one
  // finds all of them and reads them by partition.
  const [fault = ''] = finding?.faults ?? [];
  const [, lost = ''] =
    /^crash greeter-0 · sink\.record \((m[123])\) · #1 · before apply$/.exec(fault) ?? [];
  expect(lost).not.toBe('');
  expect(finding).toMatchObject({ property: 'no-loss', faults: [fault] });
  expect(finding?.sentence).toContain(`${lost} was acknowledged`);
  expect(finding?.replay).toBe(
    `npx crash 1 --world live --broker ${address} --from ${mutant('commit-first')} --fault '${fault}'`,
  );
  const kinds = new Set(finding?.history.map(({ kind }) => kind));
  for (const kind of [
    'command',
    'append',
    'commit',
    'assign',
    'port',
    'instance',
    'fault',
  ] as const) {
    expect(kinds).toContain(kind);
  }
});

test('a fault that was asked for is the only one', async () => {
  const fault = 'crash greeter-0 · sink.record (m1) · #1 · after apply';
  const report = await live(await broker(), { faults: [fault] });
  expect(report).toMatchObject({ verdict: 'holds', runs: 1 });
});

test('a crash whose place the run never passes proves nothing', async () => {
  const fault = 'crash greeter-0 · sink.record (m9) · #1 · after apply';
  const report = await live(await broker(), { faults: [fault] });
  expect(report).toMatchObject({ verdict: 'unknown' });
  expect(report.unknown?.sentence).toContain('never struck');
});

test('what never commits is broken at the horizon, with what was waited for', async () => {
  const folders = [solution, mutant('never-commits')];
  const report = await live(await broker(), { folders, calm: true }, { horizonMs: 4_000 });
  expect(report.findings.map(({ property }) => property)).toContain('progress');
  const progress = report.findings.find(({ property }) => property === 'progress');
  expect(progress?.sentence).toMatch(/4 seconds later: group greeter is at 0 of \d on greetings/);
});

test('twice done in a calm run is found', async () => {
  const folders = [solution, mutant('standby-group')];
  const address = await broker();
  const report = await live(address, { folders, calm: true });
  expect(report.findings.map(({ property }) => property)).toEqual(['calm-exact']);
  const kafka = await createKafkaClient(address);
  expect(await kafka.groups()).toEqual([]);
  kafka.close();
});

test('a process that dies at every start does not stay up, by the line of the learner', async () => {
  const text = `${publisher}
    export const greeter = async ({ slot }) => {
      console.log('I am', slot);
      setTimeout(() => { throw new TypeError('no such thing'); }, 1);
      return { stop: async () => {} };
    };`;
  const folders = [solution, overlay({ 'greetings.ts': text })];
  const report = await live(await broker(), { folders, calm: true }, { horizonMs: 60_000 });
  const finding = report.findings.find(({ property }) => property === 'stays-up');
  expect(finding?.sentence).toContain('died of an uncaught exception: TypeError: no such thing');
  expect(finding?.code[0]?.text.join('\n')).toContain('no such thing');
  const [said] = finding?.history.filter(({ kind }) => kind === 'console') ?? [];
  expect(said).toMatchObject({ slot: 'greeter-0', stream: 'out', text: 'I am greeter-0' });
  const answered = finding?.history.find(
    (fact) => fact.kind === 'command' && fact.state === 'acked',
  );
  expect(answered).toMatchObject({ result: [{ topicName: 'greetings.v1', errorCode: 0 }] });
});

test('code that does not load is said by file and line', async () => {
  const text = `${publisher}\nconst nothing = undefined;\nnothing.more;\nexport const greeter = 1;`;
  const folders = [solution, overlay({ 'greetings.ts': text })];
  await expect(live(await broker(), { folders })).rejects.toMatchObject({
    code: 'DOES_NOT_LOAD',
    message: expect.stringMatching(/greetings\.ts:\d+ does not load: TypeError/),
  });
});

test('records that somebody else wrote are left alone', async () => {
  const address = await broker({ 'greetings.v1': 3 });
  const kafka = await createKafkaClient(address);
  await kafka.append('greetings.v1', 0, 'a', 'precious');
  await expect(live(address)).rejects.toMatchObject({
    code: 'NO_BROKER',
    message: expect.stringContaining('has a topic greetings.v1 with records that this workbench'),
  });
  const { entries } = await kafka.read('greetings.v1', 0, 0);
  expect(entries).toMatchObject([{ value: Buffer.from('precious') }]);
  kafka.close();
});

test('where no Kafka answers, it says how to start one', async () => {
  await expect(live('127.0.0.1:1')).rejects.toMatchObject({
    code: 'NO_BROKER',
    message: 'No Kafka answers at 127.0.0.1:1. Start one: npm run broker',
  });
});

test.each([
  ['a broker without port', { broker: 'localhost' }, 'wants host:port'],
  ['a saved schedule', { replay: 'k1' }, 'cannot be replayed live yet'],
  [
    'a fault that needs a gateway',
    { faults: ['lose-response greeter-0 · OffsetCommit greeter (m1) · #1 · after apply'] },
    'can place a crash at a port call or a statement',
  ],
] as const)('%s is a wrong command', async (_what, request, says) => {
  await expect(live('127.0.0.1:1', request)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(says),
  });
});

test('the harness writes the records of a chapter that has no publisher', async () => {
  const name = '00-first-crash';
  const request = { chapter: name, folders: [`solutions/${name}`], calm: true };
  const report = await live(await broker(), request);
  expect(report).toMatchObject({ verdict: 'holds', held: ['no-loss', 'calm-exact'] });
});

test.runIf(existsSync('/proc/self/task'))(
  'a killed command leaves no process, also where one never returns, and the next one works',
  async () => {
    const address = await broker();
    const busy = overlay({
      'greetings.ts': `${publisher}
        import { setTimeout } from 'node:timers';
        export const greeter = async () => {
          setTimeout(() => { for (;;); }, 50);
          return { stop: async () => {} };
        };`,
    });
    const parent = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'test/live/parent.ts', address, solution, busy],
      { stdio: 'ignore' },
    );
    const children = await vi.waitFor(
      () => {
        const list = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8');
        const instances = list
          .split(' ')
          .filter((pid) => pid !== '' && commandOf(pid).includes('instance-main.ts'));
        expect(instances).toHaveLength(2);
        return instances;
      },
      { timeout: 20_000, interval: 100 },
    );
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(children.map(commandOf).join('')).toBe(''), {
      timeout: 5_000,
      interval: 50,
    });
    expect(await live(address, { calm: true })).toMatchObject({ verdict: 'holds' });
  },
);

/** Empty when the process is gone, or gone but for its number. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
