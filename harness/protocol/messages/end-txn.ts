/** EndTxn (26), versions 0–5, flexible from 3. Rows: Kafka 3.9's definitions, 5 from 4.0. */
import type { ApiSchema } from '../schema.ts';

export const endTxn: ApiSchema = {
  key: 26,
  versions: { min: 0, max: 5 },
  flexibleFrom: 3,
  request: [
    { name: 'transactionalId', type: 'string', versions: '0+' },
    { name: 'producerId', type: 'int64', versions: '0+' },
    { name: 'producerEpoch', type: 'int16', versions: '0+' },
    { name: 'committed', type: 'bool', versions: '0+' },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
    { name: 'errorCode', type: 'int16', versions: '0+' },
    { name: 'producerId', type: 'int64', versions: '5+', default: -1, ignorable: true },
    { name: 'producerEpoch', type: 'int16', versions: '5+', default: -1, ignorable: true },
  ],
};
