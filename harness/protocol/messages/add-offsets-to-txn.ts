/** AddOffsetsToTxn (25), versions 0–4, flexible from 3. Rows: Kafka 3.9's definitions. */
import type { ApiSchema } from '../schema.ts';

export const addOffsetsToTxn: ApiSchema = {
  key: 25,
  versions: { min: 0, max: 4 },
  flexibleFrom: 3,
  request: [
    { name: 'transactionalId', type: 'string', versions: '0+' },
    { name: 'producerId', type: 'int64', versions: '0+' },
    { name: 'producerEpoch', type: 'int16', versions: '0+' },
    { name: 'groupId', type: 'string', versions: '0+' },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
    { name: 'errorCode', type: 'int16', versions: '0+' },
  ],
};
