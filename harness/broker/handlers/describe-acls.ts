/**
 * DescribeAcls (29), versions 0–3: SECURITY_DISABLED, as a Kafka without an authorizer answers
 * (seen on 3.9.1). There are no ACLs here; everybody may do everything.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const describeAcls = handler('DescribeAcls', () => ({
  throttleTimeMs: 0,
  errorCode: errorCode('SECURITY_DISABLED'),
  errorMessage: 'No Authorizer is configured on the broker',
  resources: [],
}));
