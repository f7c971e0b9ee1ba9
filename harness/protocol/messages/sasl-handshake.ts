/** SaslHandshake (17), versions 0–1, never flexible. Rows: Kafka 3.9's definitions. */
import type { ApiSchema } from '../schema.ts';

export const saslHandshake: ApiSchema = {
  key: 17,
  versions: { min: 0, max: 1 },
  flexibleFrom: Infinity,
  request: [{ name: 'mechanism', type: 'string', versions: '0+' }],
  response: [
    { name: 'errorCode', type: 'int16', versions: '0+' },
    { name: 'mechanisms', type: '[]string', versions: '0+' },
  ],
};
