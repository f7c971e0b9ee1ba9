/** What is wrong with replicas that somebody chose by hand, in Kafka's order and words. */
import type { Cluster } from './cluster.ts';

/** `expected` = as many as the partitions before have; undefined where any number will do. */
export function assignmentProblem(
  cluster: Cluster,
  brokerIds: readonly number[],
  expected?: number,
): string | undefined {
  const included = 'The manual partition assignment includes';
  if (brokerIds.length === 0) return `${included} an empty replica list.`;
  let previous: number | undefined;
  for (const id of brokerIds.toSorted((a, b) => a - b)) {
    if (!cluster.has(id)) return `${included} broker ${id}, but no such broker is registered.`;
    if (id === previous) return `${included} the broker ${id} more than once.`;
    previous = id;
  }
  if (expected === undefined || brokerIds.length === expected) return undefined;
  return (
    `${included} a partition with ${brokerIds.length} replica(s), but this is not consistent ` +
    `with previous partitions, which have ${expected} replica(s).`
  );
}
