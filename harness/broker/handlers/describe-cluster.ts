/**
 * DescribeCluster (60), versions 0–1: the nodes, as Metadata tells them. Authorized operations are
 * told where asked for: everything, as in a Kafka without authorizer.
 *
 * v1: asking for controllers (endpoint type 2) → MISMATCHED_ENDPOINT_TYPE, for anything else →
 * UNSUPPORTED_ENDPOINT_TYPE; beside an error no cluster id, no controller (-1), no nodes (seen on
 * 3.9.1).
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type Answer } from '../handler.ts';
import { operations } from '../operations.ts';

const brokers = 1;
const controllers = 2;

export const describeCluster = handler('DescribeCluster', ({ state, request }) => {
  const { endpointType = brokers, includeClusterAuthorizedOperations } = request.body;
  if (endpointType === controllers) {
    return refused('MISMATCHED_ENDPOINT_TYPE', 'Controllers are not reached through brokers.');
  }
  if (endpointType !== brokers) {
    return refused('UNSUPPORTED_ENDPOINT_TYPE', `Unsupported endpoint type ${endpointType}`);
  }
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    endpointType,
    clusterId: state.config.clusterId,
    controllerId: state.cluster.controllerId,
    brokers: state.cluster.nodes.map(({ nodeId, host, port }) => ({
      brokerId: nodeId,
      host,
      port,
      rack: null,
    })),
    clusterAuthorizedOperations: includeClusterAuthorizedOperations
      ? operations.ofCluster
      : operations.notAsked,
  };
});

function refused(error: ErrorName, errorMessage: string): Answer {
  return {
    throttleTimeMs: 0,
    errorCode: errorCode(error),
    errorMessage,
    endpointType: brokers,
    clusterId: '',
    controllerId: -1,
    brokers: [],
    clusterAuthorizedOperations: operations.notAsked,
  };
}
