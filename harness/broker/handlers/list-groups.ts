/**
 * ListGroups (16), versions 0–5: all groups of the node that is asked, in the order in which they were made (Kafka's
 * has none).
 * v4+ filters by state and v5+ by type, without regard to case; an unknown state or type matches nothing.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const listGroups = handler('ListGroups', ({ state, request }) => {
  const { body } = request;
  const inState = filter(body.statesFilter);
  const ofType = filter(body.typesFilter);
  return {
    throttleTimeMs: 0,
    errorCode: errorCode('NONE'),
    groups: state.groups
      .list()
      .filter(({ groupId }) => state.cluster.coordinatorOf(groupId) === request.node)
      .filter((group) => inState(group.state) && ofType('classic'))
      .map(({ groupId, protocolType, state: groupState }) => ({
        groupId,
        protocolType,
        groupState,
        groupType: 'classic',
      })),
  };
});

/** No names, no filter. */
function filter(names: readonly string[]): (name: string) => boolean {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  return (name) => wanted.size === 0 || wanted.has(name.toLowerCase());
}
