/** SaslAuthenticate (36), versions 0–2, flexible from 2. Rows: Kafka 3.9's definitions. */
import type { ApiSchema } from '../schema.ts';

export const saslAuthenticate: ApiSchema = {
  key: 36,
  versions: { min: 0, max: 2 },
  flexibleFrom: 2,
  request: [{ name: 'authBytes', type: 'bytes', versions: '0+' }],
  response: [
    { name: 'errorCode', type: 'int16', versions: '0+' },
    { name: 'errorMessage', type: 'string', versions: '0+', nullableVersions: '0+' },
    { name: 'authBytes', type: 'bytes', versions: '0+' },
    { name: 'sessionLifetimeMs', type: 'int64', versions: '1+', ignorable: true },
  ],
};
