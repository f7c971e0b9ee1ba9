/**
 * DescribeLogDirs (35), versions 0–4: how many bytes of which partitions lie where. There is one
 * place, memory. Topics and partitions that are not there, or have no replica on the node that is
 * asked, are left out without an error (seen on 3.9.1); null asks for all.
 *
 * Not served: the size of the disk (v4, -1 = not known); no replica lags or moves to another place.
 */
import { handler } from '../handler.ts';
import type { Partition } from '../topics.ts';

interface Asked {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export const describeLogDirs = handler('DescribeLogDirs', ({ state, request }) => {
  const asked = askedFor(request.body.topics);
  const topics = [...state.topics.all()]
    .map(({ name, partitions }) => ({
      name,
      partitions: partitions
        .filter(({ index, replicas }) => asked(name, index) && replicas.includes(request.node))
        .map(tell),
    }))
    .filter(({ partitions }) => partitions.length > 0);
  const memory = { errorCode: 0, logDir: 'memory', topics, totalBytes: -1, usableBytes: -1 };
  return { throttleTimeMs: 0, errorCode: 0, results: [memory] };
});

function askedFor(topics: readonly Asked[] | null): (topic: string, index: number) => boolean {
  if (topics === null) return () => true;
  const wanted = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    const indexes = wanted.get(topic) ?? new Set<number>();
    wanted.set(topic, indexes);
    for (const index of partitions) indexes.add(index);
  }
  return (topic, index) => wanted.get(topic)?.has(index) === true;
}

function tell({ index, log }: Partition): object {
  const partitionSize = log.bytesBetween(log.logStart, log.highWatermark);
  return { partitionIndex: index, partitionSize, offsetLag: 0, isFutureKey: false };
}
