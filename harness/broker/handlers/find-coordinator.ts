/**
 * FindCoordinator (10), versions 0–6: this node, at once. errorMessage on success is "NONE" in
 * v1–3 and "" from v4. Any group is fine, "" too; a key type that is neither group nor transaction
 * → INVALID_REQUEST. An error tells node -1, host "", port -1.
 *
 * Not served: transactions (key type 1 → TRANSACTIONAL_ID_AUTHORIZATION_FAILED with a sentence). A
 * fresh Kafka answers 15, then 16 and 14 for a while; we are ready at once (fault injection can
 * say those).
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler } from '../handler.ts';

const noTransactions = 'Transactions are not served by this broker.';

export const findCoordinator = handler('FindCoordinator', ({ state, request }) => {
  const { body, version } = request;
  const error = problemOf(body.keyType ?? 0);
  const { nodeId, host, port } = state.config;
  const place =
    error === 'NONE'
      ? { nodeId, host, port, errorCode: 0, errorMessage: version >= 4 ? '' : 'NONE' }
      : {
          nodeId: -1,
          host: '',
          port: -1,
          errorCode: errorCode(error),
          errorMessage: sentence(error),
        };
  if (version < 4) return { throttleTimeMs: 0, ...place };
  const coordinators = body.coordinatorKeys.map((key: string) => ({ key, ...place }));
  return { throttleTimeMs: 0, coordinators };
});

function problemOf(keyType: number): ErrorName {
  if (keyType === 0) return 'NONE';
  return keyType === 1 ? 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' : 'INVALID_REQUEST';
}

function sentence(error: ErrorName): string {
  return error === 'INVALID_REQUEST' ? 'The coordinator key type is not known.' : noTransactions;
}
