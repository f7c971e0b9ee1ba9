/**
 * Which node does what. All nodes live in one process and share one state, so replicas are always
 * in sync, metadata is known everywhere at once and no node ever fails; what is left of a cluster
 * is that a client has to ask the right one.
 *
 * The first node is the controller. Kafka tells a random broker as controller (the real one takes
 * no clients) and forwards what is meant for it, so that any node serves the admin APIs; so does
 * this.
 */
import { invariant } from '#kernel';
import type { BrokerConfig, BrokerNode } from './config.ts';

export interface Cluster {
  readonly nodes: readonly BrokerNode[];
  readonly controllerId: number;
  has(nodeId: number): boolean;
  /** As Metadata, FindCoordinator and DescribeCluster tell it. */
  address(nodeId: number): BrokerNode;
  /** Who coordinates a group or a transactional id: always the same node for the same key. */
  coordinatorOf(key: string): number;
  /** Replicas of a new partition, its leader first: one node after the other from any on. */
  placement(topic: string, partition: number, replicationFactor: number): readonly number[];
}

export function createCluster({ nodes }: BrokerConfig): Cluster {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const at = (index: number): number => nodes[index % nodes.length]!.nodeId;
  return {
    nodes,
    controllerId: at(0),
    has: (nodeId) => byId.has(nodeId),
    address(nodeId) {
      const node = byId.get(nodeId);
      invariant(node !== undefined, `node ${nodeId} is part of the cluster`);
      return node;
    },
    coordinatorOf: (key) => at(hashOf(key)),
    placement: (topic, partition, replicationFactor) =>
      Array.from({ length: replicationFactor }, (_, replica) =>
        at(hashOf(topic) + partition + replica),
      ),
  };
}

/** Java's hash of a string, made positive: by it Kafka finds a group's coordinator, too. */
function hashOf(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  }
  return Math.abs(hash);
}
