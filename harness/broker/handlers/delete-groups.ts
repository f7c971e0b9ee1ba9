/**
 * DeleteGroups (42), versions 0–2: forgets empty groups and their offsets.
 * Another node's group → NOT_COORDINATOR, one with members → NON_EMPTY_GROUP, an unknown one →
 * GROUP_ID_NOT_FOUND. A name twice is told once.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const deleteGroups = handler('DeleteGroups', ({ state, request }) => {
  const names = new Set<string>(request.body.groupsNames);
  return {
    throttleTimeMs: 0,
    results: [...names].map((groupId) => ({
      groupId,
      errorCode: errorCode(
        state.cluster.coordinatorOf(groupId) === request.node
          ? state.groups.delete(groupId)
          : 'NOT_COORDINATOR',
      ),
    })),
  };
});
