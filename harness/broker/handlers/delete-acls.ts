/**
 * DeleteAcls (31), versions 0–3: SECURITY_DISABLED for each filter, as a Kafka without an authorizer
 * answers (seen on 3.9.1). Enumerations that Kafka does not know (operation 0) close the connection
 * there; here nothing of the request is looked at.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const deleteAcls = handler('DeleteAcls', ({ request }) => ({
  throttleTimeMs: 0,
  filterResults: request.body.filters.map(() => ({
    errorCode: errorCode('SECURITY_DISABLED'),
    errorMessage: 'No Authorizer is configured.',
    matchingAcls: [],
  })),
}));
