/**
 * What a peer sent cannot be read. Always the peer's doing: a body that our own side cannot write
 * is an invariant.
 */
import type { ApiName } from './apis.ts';

export type ProtocolErrorKind =
  | 'unknown-api'
  | 'unsupported-version'
  | 'malformed'
  /** Records compressed with what this codec cannot open (snappy, lz4, unknown numbers). */
  | 'unsupported-codec'
  /** The records themselves are fine, but there are more or fewer of them than their batch says. */
  | 'wrong-count'
  /** What was asked for has more bytes than its asker may have at once. */
  | 'too-large';

/** The fields of a request header that could be read. */
export interface KnownHeader {
  readonly api?: ApiName;
  readonly apiKey?: number;
  readonly version?: number;
  readonly correlationId?: number;
  readonly clientId?: string | null;
}

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly kind: ProtocolErrorKind;
  readonly header: KnownHeader;
  constructor(kind: ProtocolErrorKind, message: string, header: KnownHeader = {}) {
    super(message);
    this.kind = kind;
    this.header = header;
  }
}
