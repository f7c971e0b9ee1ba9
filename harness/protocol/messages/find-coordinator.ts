/** FindCoordinator (10), versions 0–6, flexible from 3. Rows: Kafka 3.9's definitions. */
import type { ApiSchema } from '../schema.ts';

export const findCoordinator: ApiSchema = {
  key: 10,
  versions: { min: 0, max: 6 },
  flexibleFrom: 3,
  request: [
    { name: 'key', type: 'string', versions: '0-3' },
    { name: 'keyType', type: 'int8', versions: '1+' },
    { name: 'coordinatorKeys', type: '[]string', versions: '4+' },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', versions: '1+', ignorable: true },
    { name: 'errorCode', type: 'int16', versions: '0-3' },
    {
      name: 'errorMessage',
      type: 'string',
      versions: '1-3',
      nullableVersions: '1-3',
      ignorable: true,
    },
    { name: 'nodeId', type: 'int32', versions: '0-3' },
    { name: 'host', type: 'string', versions: '0-3' },
    { name: 'port', type: 'int32', versions: '0-3' },
    {
      name: 'coordinators',
      type: '[]struct',
      versions: '4+',
      fields: [
        { name: 'key', type: 'string', versions: '4+' },
        { name: 'nodeId', type: 'int32', versions: '4+' },
        { name: 'host', type: 'string', versions: '4+' },
        { name: 'port', type: 'int32', versions: '4+' },
        { name: 'errorCode', type: 'int16', versions: '4+' },
        {
          name: 'errorMessage',
          type: 'string',
          versions: '4+',
          nullableVersions: '4+',
          ignorable: true,
        },
      ],
    },
  ],
};
