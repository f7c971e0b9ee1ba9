/** AddPartitionsToTxn (24), versions 0–5, flexible from 3. Rows: Kafka 3.9's definitions. */
import type { ApiSchema, Field } from '../schema.ts';

const addPartitionsToTxnTopic: readonly Field[] = [
  { name: 'name', type: 'string', versions: '0+' },
  { name: 'partitions', type: '[]int32', versions: '0+' },
];

const addPartitionsToTxnPartitionResult: readonly Field[] = [
  { name: 'partitionIndex', type: 'int32', versions: '0+' },
  { name: 'partitionErrorCode', type: 'int16', versions: '0+' },
];

const addPartitionsToTxnTopicResult: readonly Field[] = [
  { name: 'name', type: 'string', versions: '0+' },
  {
    name: 'resultsByPartition',
    type: '[]struct',
    versions: '0+',
    fields: addPartitionsToTxnPartitionResult,
  },
];

export const addPartitionsToTxn: ApiSchema = {
  key: 24,
  versions: { min: 0, max: 5 },
  flexibleFrom: 3,
  request: [
    {
      name: 'transactions',
      type: '[]struct',
      versions: '4+',
      fields: [
        { name: 'transactionalId', type: 'string', versions: '4+' },
        { name: 'producerId', type: 'int64', versions: '4+' },
        { name: 'producerEpoch', type: 'int16', versions: '4+' },
        { name: 'verifyOnly', type: 'bool', versions: '4+' },
        { name: 'topics', type: '[]struct', versions: '4+', fields: addPartitionsToTxnTopic },
      ],
    },
    { name: 'v3AndBelowTransactionalId', type: 'string', versions: '0-3' },
    { name: 'v3AndBelowProducerId', type: 'int64', versions: '0-3' },
    { name: 'v3AndBelowProducerEpoch', type: 'int16', versions: '0-3' },
    {
      name: 'v3AndBelowTopics',
      type: '[]struct',
      versions: '0-3',
      fields: addPartitionsToTxnTopic,
    },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', versions: '0+' },
    { name: 'errorCode', type: 'int16', versions: '4+', ignorable: true },
    {
      name: 'resultsByTransaction',
      type: '[]struct',
      versions: '4+',
      fields: [
        { name: 'transactionalId', type: 'string', versions: '4+' },
        {
          name: 'topicResults',
          type: '[]struct',
          versions: '4+',
          fields: addPartitionsToTxnTopicResult,
        },
      ],
    },
    {
      name: 'resultsByTopicV3AndBelow',
      type: '[]struct',
      versions: '0-3',
      fields: addPartitionsToTxnTopicResult,
    },
  ],
};
