/** A desk before three nodes; connection 10 + n is to node n. Every topic is on two of them. */
import { Desk } from './desk.ts';

export const nodes = [0, 1, 2].map((nodeId) => ({ nodeId, host: 'kafka', port: 9092 + nodeId }));

export interface ToldPartition {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
}

export class ClusterDesk extends Desk {
  constructor() {
    super({
      nodes,
      defaultReplicationFactor: 2,
      defaultPartitions: 2,
      groupInitialRebalanceDelayMs: 0,
    });
    for (const { nodeId } of nodes) this.broker.connect(10 + nodeId, nodeId);
    this.broker.createTopic('t', 3);
  }

  partitionsOf(topic: string, node = 0): readonly ToldPartition[] {
    const body = { topics: [{ name: topic }] };
    return this.ask('Metadata', 8, body, 10 + node).topics[0].partitions;
  }

  /** The node that leads partition 0 of `t`, one that follows, and one without a replica. */
  roles() {
    const [{ leaderId, replicaNodes }] = this.partitionsOf('t') as [ToldPartition];
    const follower = replicaNodes.find((id) => id !== leaderId)!;
    const stranger = nodes.find(({ nodeId }) => !replicaNodes.includes(nodeId))!.nodeId;
    return { leader: leaderId, follower, stranger };
  }
}
