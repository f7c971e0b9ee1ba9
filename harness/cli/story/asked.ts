/**
 * What a request that a fault struck was about, in the words of its chapter: `the send of
 * PaymentCompleted o1`, where its point only knows the command. Where several records could be
 * meant, it stays the command.
 */
import type { AppendFact, DeliverFact } from '#check';
import { roleOf, type FaultPoint, type Phase } from '#schedule';
import { errandOf, labelOf, type Asked } from './words.ts';

type Append = Pick<AppendFact, 'slot' | 'topic' | 'partition' | 'offset' | 'command' | 'name'> & At;
type Deliver = Pick<DeliverFact, 'slot' | 'topic' | 'partition' | 'offsets'> & At;

interface At {
  readonly seq: number;
}

export interface Moment {
  readonly seq: number;
  readonly phase: Phase | undefined;
  readonly appends: readonly Append[];
  readonly delivers: readonly Deliver[];
}

/** The point with the names of records in place of their commands, where the chapter has names. */
export function askedOf(point: FaultPoint, moment: Moment): Asked {
  const errand = errandOf(point.operation);
  const find = errand === 'send' ? sent : errand === 'commit' ? handled : undefined;
  if (find === undefined) return point;
  return { ...point, cause: point.cause.map((command) => find(point, command, moment) ?? command) };
}

/** What was appended last; of what never arrived, whatever this role ever sent there. */
function sent(
  { slot, target }: FaultPoint,
  command: string,
  { seq, phase, appends }: Moment,
): string | undefined {
  const alike = appends.filter(
    (append) => append.topic === target && append.command === command && isOf(append, slot),
  );
  if (phase === 'before apply') return only(alike);
  const written = alike.findLast((append) => append.seq < seq && append.slot === slot);
  return written && labelOf(written);
}

/** What was delivered until then. */
function handled(
  { slot }: FaultPoint,
  command: string,
  { seq, appends, delivers }: Moment,
): string | undefined {
  const before = delivers.filter((deliver) => deliver.seq < seq && deliver.slot === slot);
  return only(
    appends.filter(
      (append) =>
        append.command === command &&
        before.some(
          ({ topic, partition, offsets }) =>
            topic === append.topic &&
            partition === append.partition &&
            offsets.includes(append.offset),
        ),
    ),
  );
}

function isOf(append: Append, slot: string): boolean {
  return append.slot !== undefined && roleOf(append.slot) === roleOf(slot);
}

function only(appends: readonly Append[]): string | undefined {
  const labels = new Set(appends.map(labelOf));
  return labels.size === 1 ? [...labels][0] : undefined;
}
