/**
 * Delivery choices worth trying: what crosses on one connection waits for one of the next crossings
 * on others. A crossing does not say its connection; a slot's producer, consumer, ports and
 * database are taken for one each, which is how kafkajs opens them towards one broker.
 */
import { printHold } from './notation.ts';
import { weightOf } from './crossing-view.ts';
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
  if (target === 'sql') return `${point.slot} sql`;
  const lane = target === 'port' ? point.operation : producing.has(point.operation) ? 'out' : 'in';
  return `${point.slot} ${lane}`;
}

/**
 * What a slot does next mostly follows from what is held, so that the hold would wait for itself.
 * Only an effect may be on its way while the service, which should wait for it, has gone on.
 */
function waitsForItself(held: Crossing, until: Crossing): boolean {
  const mayBeLeftAlone = held.phase === 'before apply' && weightOf(held) === 0;
  return held.point.slot === until.point.slot && !mayBeLeftAlone;
}

/** Each crossing held until each of the next few of other connections; deliveries also further. */
export function holdPairs(crossings: readonly Crossing[]): readonly Hold[] {
  const places = crossings.filter(({ phase }) => phase !== 'after answer');
  const known = new Set<string>();
  return [...nearPairs(places), ...deliveryPairs(places)].filter((hold) => {
    const name = printHold(hold);
    return !known.has(name) && known.add(name);
  });
}

/** Records that come to a service. */
function isDelivery({ point, phase }: Crossing): boolean {
  return point.operation === 'Fetch' && phase === 'after apply';
}

/**
 * What is delivered about a command from one topic waits until the next about it has come from another, however much
 * happens in between: services that hear of one thing through several topics hear of it in any order.
 */
function deliveryPairs(places: readonly Crossing[]): readonly Hold[] {
  const deliveries = places.filter(isDelivery);
  return deliveries.flatMap((held, index) => {
    const until = deliveries
      .slice(index + 1)
      .find(
        ({ point }) =>
          point.slot !== held.point.slot &&
          point.target !== held.point.target &&
          point.cause.some((id) => held.point.cause.includes(id)),
      );
    return until === undefined ? [] : [holdOf(held, until)];
  });
}

function holdOf(held: Crossing, until: Crossing): Hold {
  return {
    what: { point: held.point, phase: held.phase },
    until: { point: until.point, phase: until.phase },
  };
}

function nearPairs(places: readonly Crossing[]): readonly Hold[] {
  return places.flatMap((held, index) => {
    const channel = channelOf(held);
    const others: Crossing[] = [];
    for (let next = index + 1; next < places.length && others.length < reach; next++) {
      const other = places[next];
      if (other === undefined || channelOf(other) === channel) continue;
      if (!waitsForItself(held, other)) others.push(other);
    }
    return others.map((until) => holdOf(held, until));
  });
}
