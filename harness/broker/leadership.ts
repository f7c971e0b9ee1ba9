/**
 * Whether a node may answer for a partition, in Kafka's order (seen on 3.9.1): no replica here →
 * NOT_LEADER_OR_FOLLOWER; the client's leader epoch (-1 = not said) is older →
 * FENCED_LEADER_EPOCH, newer → UNKNOWN_LEADER_EPOCH; led by another node → NOT_LEADER_OR_FOLLOWER,
 * except for what followers may answer, too.
 */
import type { ErrorName } from '#protocol';
import { inSync, type Partition } from './topics.ts';

export function leadershipProblem(
  partition: Partition,
  node: number,
  clientEpoch: number,
  followersToo = false,
): ErrorName {
  const { leader, leaderEpoch } = partition;
  if (!inSync(partition).includes(node)) return 'NOT_LEADER_OR_FOLLOWER';
  if (clientEpoch >= 0 && clientEpoch < leaderEpoch) return 'FENCED_LEADER_EPOCH';
  if (clientEpoch > leaderEpoch) return 'UNKNOWN_LEADER_EPOCH';
  return followersToo || leader === node ? 'NONE' : 'NOT_LEADER_OR_FOLLOWER';
}
