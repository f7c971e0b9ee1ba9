/**
 * CreateAcls (30), versions 0–3: SECURITY_DISABLED for each, as a Kafka without an authorizer
 * answers (seen on 3.9.1). Enumerations that Kafka does not know (operation 0) close the
 * connection there; here nothing of the request is looked at.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const createAcls = handler('CreateAcls', ({ request }) => ({
  throttleTimeMs: 0,
  results: request.body.creations.map(() => ({
    errorCode: errorCode('SECURITY_DISABLED'),
    errorMessage: 'No Authorizer is configured.',
  })),
}));
