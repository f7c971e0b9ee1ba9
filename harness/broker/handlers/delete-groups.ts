/**
 * DeleteGroups (42), versions 0–2: forgets empty groups and their offsets.
 * A group with members → NON_EMPTY_GROUP, an unknown one → GROUP_ID_NOT_FOUND.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const deleteGroups = handler('DeleteGroups', ({ state, request }) => {
  const names: readonly string[] = request.body.groupsNames;
  return {
    throttleTimeMs: 0,
    results: names.map((groupId) => ({
      groupId,
      errorCode: errorCode(state.groups.delete(groupId)),
    })),
  };
});
