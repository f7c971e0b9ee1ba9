/**
 * Where to go instead (KIP-951): beside NOT_LEADER_OR_FOLLOWER, Produce from v10 and Fetch from v16
 * tell the current leader with its epoch, and at the end the addresses of those leaders.
 */
import { errorCode } from '#protocol';
import type { Answer, KafkaRequest } from './handler.ts';
import type { BrokerState } from './state.ts';
import type { Partition } from './topics.ts';

const notLeader = errorCode('NOT_LEADER_OR_FOLLOWER');

export function withLeaders(state: BrokerState, request: KafkaRequest, answer: Answer): Answer {
  if (state.cluster.nodes.length === 1 || typeof answer === 'string') return answer;
  const { api, version } = request;
  if (api === 'Produce' && version >= 10) {
    return hinted(state, answer, 'partitionResponses', ({ name }, { index }) =>
      state.topics.partition(name, index),
    );
  }
  if (api === 'Fetch' && version >= 16) {
    return hinted(
      state,
      answer,
      'partitions',
      ({ topicId }, { partitionIndex }) => state.topics.byId(topicId)?.partitions[partitionIndex],
    );
  }
  return answer;
}

function hinted(
  { cluster }: BrokerState,
  answer: Readonly<Record<string, any>>,
  partitionsKey: 'partitionResponses' | 'partitions',
  find: (topic: any, partition: any) => Partition | undefined,
): Answer {
  const leaders = new Set<number>();
  const hint = (topic: any, told: any): object => {
    const partition = told.errorCode === notLeader ? find(topic, told) : undefined;
    if (partition === undefined) return told;
    const { leader, leaderEpoch } = partition;
    leaders.add(leader);
    return { ...told, currentLeader: { leaderId: leader, leaderEpoch } };
  };
  const responses = answer['responses'].map((topic: any) => ({
    ...topic,
    [partitionsKey]: topic[partitionsKey].map((told: any) => hint(topic, told)),
  }));
  const nodeEndpoints = [...leaders].map((id) => ({ ...cluster.address(id), rack: null }));
  return { ...answer, responses, nodeEndpoints };
}
