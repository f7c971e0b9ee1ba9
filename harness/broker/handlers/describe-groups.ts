/**
 * DescribeGroups (15), versions 0–5: state and members. An unknown group is "Dead" without an error (KIP-1043's
 * error came with v6). Metadata, assignments and the protocol's name are told of stable groups only.
 *
 * The client's host is always "/127.0.0.1". Not served: authorized operations (there are no ACLs).
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

const operationsNotAsked = -2_147_483_648;

export const describeGroups = handler('DescribeGroups', ({ state, request }) => {
  const ids: readonly string[] = request.body.groups;
  return {
    throttleTimeMs: 0,
    groups: ids.map((groupId) => {
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
        authorizedOperations: operationsNotAsked,
      };
    }),
  };
});
