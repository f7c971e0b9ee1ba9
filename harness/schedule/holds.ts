/**
 * Delivery choices worth trying: what crosses on one connection waits for one of the next crossings on others. A
 * crossing does not say its connection; a slot's producer, consumer and ports are taken for one each, which is how
 * kafkajs opens them towards one broker.
 */
import type { Crossing, Hold } from './schedule.ts';

const producing = new Set([
  'Produce',
  'InitProducerId',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
]);

/** How many crossings of others a crossing is held past. */
const reach = 3;

function channelOf({ point, target }: Crossing): string {
  const lane = target === 'port' ? point.operation : producing.has(point.operation) ? 'out' : 'in';
  return `${point.slot} ${lane}`;
}

/** Each crossing held until each of the next few of other connections. */
export function holdPairs(crossings: readonly Crossing[]): readonly Hold[] {
  const places = crossings.filter(({ phase }) => phase !== 'after answer');
  return places.flatMap((held, index) => {
    const channel = channelOf(held);
    const others: Crossing[] = [];
    for (let next = index + 1; next < places.length && others.length < reach; next++) {
      const other = places[next];
      if (other !== undefined && channelOf(other) !== channel) others.push(other);
    }
    return others.map((until) => ({
      what: { point: held.point, phase: held.phase },
      until: { point: until.point, phase: until.phase },
    }));
  });
}
