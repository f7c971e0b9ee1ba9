/**
 * DescribeGroups (15), versions 0–5: state and members. Another node's group → NOT_COORDINATOR; an
 * unknown one is "Dead" without an error (KIP-1043's error came with v6). Metadata, assignments
 * and the protocol's name are told of stable groups only.
 *
 * Authorized operations (v3+) are told where asked for: everything, of unknown groups too, as in a Kafka without
 * authorizer. A group asked for twice is told twice. The client's host is always "/127.0.0.1".
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';
import { operations } from '../operations.ts';
import { remembering } from '../remembering.ts';

export const describeGroups = handler('DescribeGroups', ({ state, request }) => {
  const ids: readonly string[] = request.body.groups;
  const tell = remembering((groupId) => {
    if (state.cluster.coordinatorOf(groupId) !== request.node) return misdirected(groupId);
    const group = state.groups.describe(groupId);
    return {
      errorCode: errorCode('NONE'),
      groupId,
      groupState: group?.state ?? 'Dead',
      protocolType: group?.protocolType ?? '',
      protocolData: group?.protocolName ?? '',
      members: (group?.members ?? []).map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: '/127.0.0.1',
        memberMetadata: member.metadata,
        memberAssignment: member.assignment,
      })),
      authorizedOperations: request.body.includeAuthorizedOperations
        ? operations.ofGroup
        : operations.notAsked,
    };
  });
  return { throttleTimeMs: 0, groups: ids.map(tell) };
});

function misdirected(groupId: string): object {
  return {
    errorCode: errorCode('NOT_COORDINATOR'),
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: operations.notAsked,
  };
}
