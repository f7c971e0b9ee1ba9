/**
 * FindCoordinator (10), versions 0–6: the node, at once, for groups and for transactions.
 * errorMessage on success is "NONE" in v1–3 and "" from v4. Any key is fine, "" too; a key type
 * that is neither group nor transaction → INVALID_REQUEST. An error tells node -1, host "",
 * port -1.
 *
 * A fresh Kafka answers 15, then 16 and 14 for a while; we are ready at once (fault injection can
 * say those).
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const findCoordinator = handler('FindCoordinator', ({ state, request }) => {
  const { body, version } = request;
  const isKnown = [0, 1].includes(body.keyType ?? 0);
  const place = (key: string): object =>
    isKnown
      ? {
          ...state.cluster.address(state.cluster.coordinatorOf(key)),
          errorCode: 0,
          errorMessage: version >= 4 ? '' : 'NONE',
        }
      : {
          nodeId: -1,
          host: '',
          port: -1,
          errorCode: errorCode('INVALID_REQUEST'),
          errorMessage: 'The coordinator key type is not known.',
        };
  if (version < 4) return { throttleTimeMs: 0, ...place(body.key) };
  const coordinators = body.coordinatorKeys.map((key: string) => ({ key, ...place(key) }));
  return { throttleTimeMs: 0, coordinators };
});
