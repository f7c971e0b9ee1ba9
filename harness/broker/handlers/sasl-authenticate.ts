/**
 * SaslAuthenticate (36), versions 0–2: only ever refused, as every Kafka does on a PLAINTEXT
 * listener.
 *
 * 1. ILLEGAL_SASL_STATE (seen on 3.9.1)
 *
 * It is listed because kafkajs asks for it at every connection and, where it is not, throws and
 * catches an error of its own each time.
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const saslAuthenticate = handler('SaslAuthenticate', () => ({
  errorCode: errorCode('ILLEGAL_SASL_STATE'),
  errorMessage: 'This listener asks nobody who they are.',
  authBytes: Buffer.alloc(0),
  sessionLifetimeMs: 0,
}));
