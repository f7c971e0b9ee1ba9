/**
 * One file per API under handlers/: a header that is the specification, and a body that reads like it.
 * A handler answers at once by returning a body, or keeps `context.later()` and answers when its time has come
 * (a parked Fetch or JoinGroup). It writes to no socket and reads no clock.
 */
import type { ApiName } from '#protocol';
import type { BrokerState } from './state.ts';

/** A decoded request; field names are those of Kafka's message definitions in camelCase. */
export interface KafkaRequest {
  /** Unique within a broker: what answers refer to. */
  readonly id: number;
  readonly connection: number;
  /** The node whose listener it came to. */
  readonly node: number;
  readonly api: ApiName;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly body: any;
  /** Bytes on the wire, without the length prefix. */
  readonly size: number;
}

/** The body of an answer; `none` = Kafka sends nothing (acks 0); `close` = Kafka closes the connection. */
export type Answer = Readonly<Record<string, unknown>> | 'none' | 'close';

export interface HandlerContext {
  readonly state: BrokerState;
  readonly request: KafkaRequest;
  /** Milliseconds since the epoch, passed in. */
  readonly nowMs: number;
  /** Keeps the request; calling the result once answers it. A second call does nothing. */
  readonly later: () => (body: Answer) => void;
}

export interface Handler {
  readonly api: ApiName;
  handle(context: HandlerContext): Answer | undefined;
}

export function handler(
  api: ApiName,
  handle: (context: HandlerContext) => Answer | undefined,
): Handler {
  return { api, handle };
}
