/**
 * SaslHandshake (17), versions 0–1: only ever refused, as every Kafka does on a PLAINTEXT listener.
 *
 * 1. ILLEGAL_SASL_STATE, no mechanisms (seen on 3.9.1)
 *
 * Not served: any mechanism; the broker lets everybody in.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const saslHandshake = handler('SaslHandshake', () => ({
  errorCode: errorCode('ILLEGAL_SASL_STATE'),
  mechanisms: [],
}));
