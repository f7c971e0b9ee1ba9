/**
 * ListPartitionReassignments (46), version 0: none is ever under way, since each is done at once
 * (alter-partition-reassignments.ts). Topics that are not there are no error, nor is any timeout
 * (seen on 3.9.1).
 */
import { handler } from '../handler.ts';

export const listPartitionReassignments = handler('ListPartitionReassignments', () => ({
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  topics: [],
}));
