/**
 * ApiVersions (18), versions 0–4: what is served, by key.
 *
 * A newer version → the body of version 0 with UNSUPPORTED_VERSION and our own range; the
 * connection stays open (`receive` hands it over as version 0 with `unsupportedVersion` in the
 * body).
 * A client name or version that is not one word of letters, digits, "-" and "." (v3+) →
 * INVALID_REQUEST, no keys. No features are told: transaction.version 2 would change how clients
 * speak.
 */
import { apis, errorCode, type ApiName, type ErrorName } from '#protocol';
import { handler, type Answer } from '../handler.ts';
import { servedVersions } from '../versions.ts';

const word = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

const apiKeys = Object.entries(servedVersions)
  .map(([api, { min, max }]) => ({
    apiKey: apis[api as ApiName].key,
    minVersion: min,
    maxVersion: max,
  }))
  .toSorted((a, b) => a.apiKey - b.apiKey);
const itself = apiKeys.filter(({ apiKey }) => apiKey === apis.ApiVersions.key);

export const apiVersions = handler('ApiVersions', ({ request }) => {
  const { body, version } = request;
  if (body.unsupportedVersion !== undefined) return answer('UNSUPPORTED_VERSION', itself);
  if (
    version >= 3 &&
    !(word.test(body.clientSoftwareName) && word.test(body.clientSoftwareVersion))
  ) {
    return answer('INVALID_REQUEST', []);
  }
  return answer('NONE', apiKeys);
});

function answer(error: ErrorName, keys: readonly object[]): Answer {
  return {
    errorCode: errorCode(error),
    apiKeys: keys,
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  };
}
