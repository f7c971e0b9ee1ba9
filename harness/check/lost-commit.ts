/**
 * The one excuse of PROGRESS: a commit that was under way got lost, the client did not repeat it,
 * and nothing came afterwards that would have made it commit again. kafkajs commits with the next
 * batch only.
 *
 * Granted when all of this can be read off the facts, and never else:
 * 1. the partition has an owner that is up, in a generation no younger than the lost commit;
 * 2. everything that the committed offset does not cover was delivered to that very process and
 *    is done;
 * 3. an OffsetCommit of that process for the group got no success: lost, or answered with an
 *    error;
 * 4. a fault that takes requests struck between its arrival and its end;
 * 5. it was about the last record there, where that record is about a command;
 * 6. nothing of the partition was delivered to anybody after it arrived; who was only ever a member of other groups
 *    reads for himself.
 */
import type { Fact, OperationFact } from './facts.ts';
import { ownerOf, type Lag } from './lag.ts';
import { operations } from './operations.ts';
import type { Sight } from './sight.ts';

export interface LostCommit {
  readonly note: string;
  readonly seq: number;
}

export function lostLastCommit(sight: Sight, lag: Lag): LostCommit | undefined {
  const { group, topic, partition, behind } = lag;
  const slot = ownerOf(sight, lag)?.slot;
  const instance = sight.instances.find((each) => each.slot === slot);
  if (slot === undefined || instance?.state !== 'ready') return undefined;
  if (!behind.every((record) => sight.isDone(record))) return undefined;

  const delivered = new Set<number>();
  const strangers = onlyElsewhere(sight, group);
  let quietSince = -1;
  for (const fact of sight.facts) {
    if (fact.kind === 'assign' && fact.group === group) quietSince = fact.seq;
    if (fact.kind !== 'deliver' || fact.topic !== topic || fact.partition !== partition) continue;
    if (strangers.has(fact.slot)) continue;
    quietSince = fact.seq;
    if (fact.slot !== slot || fact.incarnation !== instance.incarnation) continue;
    for (const offset of fact.offsets) delivered.add(offset);
  }
  if (!behind.every(({ offset }) => delivered.has(offset))) return undefined;

  const last = behind.at(-1);
  for (const steps of operations(sight.facts, 'OffsetCommit')) {
    const [first] = steps as [OperationFact & Fact];
    const end = steps.at(-1) as OperationFact & Fact;
    if (first.slot !== slot || first.incarnation !== instance.incarnation) continue;
    if (first.target !== group || first.seq < quietSince || succeeded(steps)) continue;
    if (end.step !== 'lost' && end.error === undefined) continue;
    if (last?.command !== undefined && !first.cause.includes(last.command)) continue;
    if (!sight.facts.some((fact) => tookRequest(fact, first.seq, end.seq))) continue;
    const what = last?.command === undefined ? 'The last commit' : `The commit of ${last.command}`;
    return {
      note:
        `${what} by ${slot} on ${topic}/${partition} got lost and was not repeated; nothing came ` +
        `after it, so group ${group} stays at ${lag.offset} there.`,
      seq: first.seq,
    };
  }
  return undefined;
}

/** Members of other groups that were never seen in this one. */
function onlyElsewhere({ facts }: Sight, group: string): ReadonlySet<string> {
  const here = new Set<string>();
  const elsewhere = new Set<string>();
  for (const fact of facts) {
    if (fact.kind !== 'assign') continue;
    for (const { slot } of fact.members) {
      if (slot !== undefined) (fact.group === group ? here : elsewhere).add(slot);
    }
  }
  return elsewhere.difference(here);
}

/** Applied without an error, whoever knows about it. */
export function succeeded(steps: readonly OperationFact[]): boolean {
  return steps.some(({ step, error }) => step === 'applied' && error === undefined);
}

function tookRequest(fact: Fact, from: number, to: number): boolean {
  return fact.kind === 'fault' && fact.lost === 'request' && fact.seq > from && fact.seq <= to;
}
