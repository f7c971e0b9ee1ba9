import { describe, expect, test } from 'vitest';
import { blamer } from '../../harness/verify/blame.ts';
import type { Outcome, Runner } from '../../harness/verify/engine/outcome.ts';
import type { ChapterDefinition } from '#kit';
import type { Schedule } from '#schedule';
import { course, worker } from '../sim/support/course.ts';
import { services, type Plot, type Stage } from '../sim/support/play.ts';

/** The services of a test as programs of a runner, `subject` the one that is judged. */
function runnerOf(stages: Readonly<Record<string, Stage>>): Runner & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    lanes: 1,
    asked,
    async run(schedule: Schedule, { program, hidesAborted = false }): Promise<Outcome> {
      asked.push(`${program}${hidesAborted ? ', aborted hidden' : ''}`);
      const stage = stages[program];
      if (stage === undefined) throw new Error(`there is no ${program}`);
      const { findings, facts, fired, held, ending, ...run } = await stage.run(schedule, {
        hidesAborted,
      });
      const judged = { findings, notes: [], notJudged: [], ending, fired, held, sometimes: {} };
      return { ...run, ...judged, schedule, facts };
    },
  };
}

async function blamed(stages: Readonly<Record<string, Stage>>, plot: Plot) {
  const { subject } = stages;
  if (subject === undefined) throw new Error('nothing to judge');
  const runner = runnerOf(stages);
  const outcome = await runner.run(subject.schedule(plot), { program: 'subject' });
  const [finding] = outcome.findings;
  if (finding === undefined) throw new Error('nothing was found');
  runner.asked.length = 0;
  const others = Object.keys(stages).filter((name) => name !== 'subject');
  const verdict = await blamer(runner, () => Promise.resolve(others))(outcome, finding);
  return { property: finding.property, ...verdict, asked: runner.asked };
}

const receipts: Partial<ChapterDefinition> = {
  topics: { ...course.topics, receipts: { partitions: 1 } },
};

/** Moves offsets in a transaction; `wrap` decides what becomes of errors. */
const booking = (wrap: (book: string) => string): Promise<Stage> =>
  services(
    worker(
      `let tx;
       ${wrap(`tx = await producer.transaction();
         await tx.send({ topic: 'receipts', messages: [{ key: order.id, value: order.id }] });
         const partitions = [{ partition: 0, offset: String(Number(message.offset) + 1) }];
         const topics = [{ topic: 'orders', partitions }];
         await tx.sendOffsets({ consumerGroupId: 'workers', topics });
         await ports.sink.record(order);
         await tx.commit();`)}`,
      `const producer = new Kafka(kafka).producer({
         transactionalId: slot, idempotent: true, maxInFlightRequests: 1,
       });
       await producer.connect();`,
    ).replace('autoCommitThreshold: 1', 'autoCommit: false'),
    receipts,
  );

const logsErrors = await booking(
  (book) => `try { ${book} } catch { await tx?.abort().catch(() => {}); }`,
);
const exits = await booking((book) => `try { ${book} } catch { process.exit(1); }`);

describe('a commit whose answer is lost', () => {
  const plot = {
    commands: 2,
    faults: ['lose-response worker-0 · EndTxn worker-0 (m1) · #1 · after apply'],
  };

  test('is the service’s where another service gets over it', async () => {
    const verdict = await blamed({ subject: logsErrors, solution: logsErrors, exits }, plot);
    expect(verdict).toMatchObject({ property: 'no-loss', blame: 'service' });
    expect(verdict.asked).toEqual(['subject', 'solution', 'exits']);
  });

  test('is the client’s where no right service gets over it', async () => {
    const verdict = await blamed({ subject: logsErrors, solution: logsErrors }, plot);
    expect(verdict).toMatchObject({ property: 'no-loss', blame: 'client' });
    expect(verdict.because).toMatch(/EndTxn/);
  });

  test('is the service’s where nobody right was struck like that', async () => {
    const silent = await services(worker(), receipts);
    const verdict = await blamed({ subject: logsErrors, solution: silent }, plot);
    expect(verdict.blame).toBe('service');
  });
});

describe('a commit whose answer a cut connection loses', () => {
  const cut = (ms: number, phase = 'after apply') =>
    `cut worker-0 · EndTxn worker-0 (m1) · #1 · ${phase} · ${ms} ms`;

  test.each(['before apply', 'after apply'])('%s: is the client’s, likewise', async (phase) => {
    const plot = { commands: 2, faults: [cut(45_000, phase)] };
    const alone = await blamed({ subject: logsErrors, solution: logsErrors }, plot);
    expect(alone).toMatchObject({ property: 'no-loss', blame: 'client' });
    expect(alone.asked).toEqual(['subject', 'solution']);
    const beside = await blamed({ subject: logsErrors, exits }, plot);
    expect(beside).toMatchObject({ property: 'no-loss', blame: 'service' });
    expect(beside.asked).toEqual(['subject', 'exits']);
  });

  test('is the service’s where it loses something to the cut all the same', async () => {
    // Shorter than its session: it goes on, past the record that failed.
    const plot = { commands: 2, faults: [cut(5_000)] };
    const verdict = await blamed({ subject: logsErrors, solution: logsErrors }, plot);
    expect(verdict).toMatchObject({ property: 'no-loss', blame: 'service', asked: ['subject'] });
  });
});

test('without a sign of a defect nobody else is even asked', async () => {
  const late = await services(worker('void ports.sink.record(order).catch(() => {});'));
  const plot = { faults: ['reject worker-0 · sink.record (m1) · #1 · before apply'] };
  expect(await blamed({ subject: late, solution: late }, plot)).toMatchObject({
    blame: 'service',
    asked: [],
  });
});

test('an aborted record that reaches a right reader is the client’s', async () => {
  // Two transactions overlap; the one that began later is aborted first.
  const write = `
    export const caller = async ({ kafka }) => {
      const open = async (transactionalId) => {
        const producer = new Kafka(kafka).producer({ transactionalId, idempotent: true });
        await producer.connect();
        return producer;
      };
      const [early, late] = [await open('early'), await open('late')];
      const send = (to, id) =>
        to.send({ topic: 'orders', messages: [{ key: id, value: JSON.stringify({ id }) }] });
      return {
        take: async ({ id }) => {
          const [first, second] = [await early.transaction(), await late.transaction()];
          await send(first, 'ghost-of-' + id);
          await send(second, 'other-ghost-of-' + id);
          await second.abort();
          await first.abort();
          await send(early, id);
        },
        stop: async () => {},
      };
    };`;
  const reader = await services(worker() + write, {
    workload: {
      ...course.workload,
      send: (order: { id: string }) => ({ role: 'caller', call: 'take', with: [order] }),
    },
    properties: { 'no-invention': 'shared' },
  });
  const verdict = await blamed({ subject: reader, solution: reader }, { commands: 1 });
  expect(verdict).toMatchObject({ property: 'no-invention', blame: 'client' });
  expect(verdict.because).toMatch(/aborted records/);
  expect(verdict.asked).toEqual(['subject, aborted hidden', 'solution']);
});
