/** Heartbeat (12), versions 0–4, flexible from 4. Rows: Kafka 3.9's definitions. */
import type { ApiSchema } from '../schema.ts';

export const heartbeat: ApiSchema = {
  key: 12,
  versions: { min: 0, max: 4 },
  flexibleFrom: 4,
  request: [
    { name: 'groupId', type: 'string', versions: '0+' },
    { name: 'generationId', type: 'int32', versions: '0+' },
    { name: 'memberId', type: 'string', versions: '0+' },
    {
      name: 'groupInstanceId',
      type: 'string',
      versions: '3+',
      nullableVersions: '3+',
      default: null,
    },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
    { name: 'errorCode', type: 'int16', versions: '0+' },
  ],
};
