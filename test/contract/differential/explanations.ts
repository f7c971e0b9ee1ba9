/**
 * Where the two may differ, and why that is no finding. Each is a predicate on one observation of
 * each side; a comparison that one of them suppresses is counted.
 */
import type { Observation } from './commands.ts';

export interface Explanation {
  readonly name: string;
  readonly because: string;
  explains(embedded: Observation, real: Observation): boolean;
}

interface End {
  readonly error: string;
  readonly offset: number;
  readonly metadata: string | undefined;
  /** That stand there. */
  readonly markers: number;
}

/** Where the one ends only behind some markers that stand where the other one ends. */
function apartByMarkers(embedded: Observation, real: Observation): boolean {
  const [ours, theirs] = [endsOf(embedded), endsOf(real)];
  if (ours === undefined || ours.length !== theirs?.length) return false;
  return ours.every((one, place) => {
    const other = theirs[place]!;
    if (one.error !== other.error || one.metadata !== other.metadata) return false;
    const [lower, higher] = one.offset < other.offset ? [one, other] : [other, one];
    const apart = higher.offset - lower.offset;
    return apart === 0 || (lower.offset >= 0 && apart <= lower.markers);
  });
}

/** Of groups in which somebody commits what it has read. */
function endsOf({ offsets, markers }: Observation): readonly End[] | undefined {
  if (!Array.isArray(offsets) || !Array.isArray(markers)) return undefined;
  return offsets.map((one: number | [string, number, string], place) => {
    const [error, offset, metadata] = Array.isArray(one) ? one : ['NONE', one];
    return { error, offset, metadata, markers: markers[place] };
  });
}

const race = new Set(['INVALID_TXN_STATE', 'TRANSACTION_ABORTABLE']);

export const explanations: readonly Explanation[] = [
  {
    name: 'words of another version',
    because:
      'Kafka asks its coordinator about several producers at a time, and answers all of them in ' +
      'the words of the oldest version among them',
    explains: (embedded, real) =>
      (embedded.kind === 'write' || embedded.kind === 'offset-in-transaction') &&
      embedded.kind === real.kind &&
      embedded['error'] !== real['error'] &&
      race.has(String(embedded['error'])) &&
      race.has(String(real['error'])),
  },
  {
    name: 'committed before or behind a marker',
    because:
      'Kafka writes the markers of a transaction one after the other, in any order, and a fetch may ' +
      'come between; kafkajs goes past a marker without a commit, and commits that place with the ' +
      'next records that it reads anywhere',
    explains: (embedded, real) =>
      embedded.kind === real.kind &&
      embedded['error'] === real['error'] &&
      apartByMarkers(embedded, real),
  },
];
