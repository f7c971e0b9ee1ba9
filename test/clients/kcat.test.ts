/**
 * What librdkafka, which checks CRCs, sequence numbers and the order of answers, makes of the
 * broker.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type GuestBroker } from './guest-broker.ts';
import { kcat, kcatIsMissing } from './kcat.ts';

const lines = (count: number): string =>
  Array.from({ length: count }, (_, index) => `k${index}:v${index}\n`).join('');

describe.skipIf(kcatIsMissing)('kcat', () => {
  let broker: GuestBroker;
  beforeAll(async () => {
    broker = await startBroker({ topics: { orders: 3 } });
  });
  afterAll(() => broker.stop());
  const run = (args: readonly string[], input?: string) => kcat(broker.address, args, input);
  const consume = async (topic: string, ...more: string[]): Promise<string[]> => {
    const args = ['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-X', 'check.crcs=true'];
    return (await run([...args, ...more])).split('\n').filter(Boolean);
  };

  test('-L shows broker, controller and topics', async () => {
    const told = JSON.parse(await run(['-L', '-J']));
    expect(told.brokers).toEqual([{ id: 1, name: broker.address }]);
    expect(told.controllerid).toBe(1);
    const orders = told.topics.find(({ topic }: { topic: string }) => topic === 'orders');
    expect(orders.partitions).toHaveLength(3);
  });

  test('an idempotent producer writes each record once, in order per key', async () => {
    await run(['-P', '-t', 'orders', '-K:', '-X', 'enable.idempotence=true'], lines(1000));
    const consumed = await consume('orders', '-K:');
    expect(consumed).toHaveLength(1000);
    expect(consumed.toSorted()).toEqual(lines(1000).split('\n').filter(Boolean).toSorted());
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])('what went in with %s comes out', async (codec) => {
    const topic = `with-${codec}`;
    await run(['-P', '-t', topic, '-z', codec], lines(200));
    expect(await consume(topic)).toHaveLength(200);
  });

  test('-Q finds offsets by time', async () => {
    await run(['-P', '-t', 'timed', '-p', '0'], 'a\nb\n');
    expect(await run(['-Q', '-t', 'timed:0:0'])).toContain('offset 0');
    expect(await run(['-Q', '-t', 'timed:0:-1'])).toContain('offset 2');
    const tomorrow = Date.now() + 86_400_000;
    expect(await run(['-Q', '-t', `timed:0:${tomorrow}`])).toMatch(/offset (-1|2)\n/);
  });

  test('large batches come through in fetches of any size', async () => {
    const text = `${'x'.repeat(5000)}\n`;
    await run(['-P', '-t', 'large', '-p', '0'], text.repeat(300));
    const args = ['-X', 'fetch.message.max.bytes=2000'];
    expect(await consume('large', ...args)).toHaveLength(300);
  });

  test('a group consumes everything, commits, and goes on where it was', async () => {
    await run(['-P', '-t', 'grouped', '-K:'], lines(30));
    const group = ['-G', 'readers', '-e', '-q', '-X', 'auto.offset.reset=earliest', 'grouped'];
    expect((await run(group)).split('\n').filter(Boolean)).toHaveLength(30);
    await run(['-P', '-t', 'grouped', '-K:'], 'late:one\n');
    expect(await run(group)).toBe('one\n');
  });

  test('what a transaction wrote is there when it is committed, and its marker is no record', async () => {
    const args = ['-P', '-t', 'whole', '-p', '0', '-X', 'transactional.id=tx'];
    await run(args, 'a\nb\n');
    await run(args, 'c\n');
    const committed = ['-X', 'isolation.level=read_committed'];
    expect(await consume('whole', '-f', '%o:%s\n', ...committed)).toEqual(['0:a', '1:b', '3:c']);
    expect(await consume('whole', '-X', 'isolation.level=read_uncommitted')).toHaveLength(3);
  });
});
