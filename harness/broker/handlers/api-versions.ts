/**
 * ApiVersions (18), versions 0–4: what is served, by key.
 *
 * A newer version → the body of version 0 with UNSUPPORTED_VERSION and our own range; the
 * connection stays open (`receive` hands it over as version 0 with `unsupportedVersion` in the
 * body).
 * A client name or version that is not one word of letters, digits, "-" and "." (v3+) →
 * INVALID_REQUEST, no keys.
 *
 * Features: none as `kafka-3.9`. As `kafka-4` transaction.version 2, by which clients end
 * transactions with an epoch for each (KIP-890); v3 hides what a broker may also do without
 * (minimum 0), as Kafka does. Kafka's other features are not told.
 */
import { apis, errorCode, type ApiName, type ErrorName } from '#protocol';
import { handler } from '../handler.ts';
import type { Profile } from '../transactions/transactions.ts';
import { servedVersions } from '../versions.ts';

const word = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

const transactionVersion = 'transaction.version';

const apiKeys = { 'kafka-3.9': keysOf('kafka-3.9'), 'kafka-4': keysOf('kafka-4') };

function keysOf(profile: Profile): readonly { readonly apiKey: number }[] {
  return Object.entries(servedVersions(profile))
    .map(([api, { min, max }]) => ({
      apiKey: apis[api as ApiName].key,
      minVersion: min,
      maxVersion: max,
    }))
    .toSorted((a, b) => a.apiKey - b.apiKey);
}

export const apiVersions = handler('ApiVersions', ({ state, request }) => {
  const { body, version } = request;
  const { profile } = state.config;
  const keys = apiKeys[profile];
  if (body.unsupportedVersion !== undefined) {
    const itself = keys.filter(({ apiKey }) => apiKey === apis.ApiVersions.key);
    return answer('UNSUPPORTED_VERSION', itself);
  }
  if (
    version >= 3 &&
    !(word.test(body.clientSoftwareName) && word.test(body.clientSoftwareVersion))
  ) {
    return answer('INVALID_REQUEST', []);
  }
  return { ...answer('NONE', keys), ...(profile === 'kafka-4' && featuresOfKafka4(version)) };
});

function featuresOfKafka4(version: number): object {
  const supported = { name: transactionVersion, minVersion: 0, maxVersion: 2 };
  return {
    supportedFeatures: version >= 4 ? [supported] : [],
    finalizedFeaturesEpoch: 0,
    finalizedFeatures: [{ name: transactionVersion, maxVersionLevel: 2, minVersionLevel: 2 }],
  };
}

function answer(error: ErrorName, keys: readonly object[]) {
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
