/**
 * Whole messages: header and body of requests and answers, with the header rules of KIP-482.
 *
 * A request header is key, version, correlation id and client id; flexible versions add tagged
 * fields, the client id stays a plain string. An answer's header is the correlation id; flexible
 * versions add tagged fields, except in ApiVersions, whose asker may not know yet what the other
 * side speaks. Tagged header fields are skipped, never sent. Bytes behind a complete message are
 * ignored, as Kafka ignores them.
 */
import { invariant } from '#kernel';
import { apiOfKey, apis, type ApiName } from './apis.ts';
import { compileStruct, type Codec } from './compile.ts';
import { ProtocolError, type KnownHeader } from './protocol-error.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

export interface DecodedRequest {
  readonly api: ApiName;
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /**
   * Named as in Kafka's message definitions, in camelCase; fields this version lacks have their
   * default.
   */
  readonly body: any;
}

type Direction = 'request' | 'response';

/**
 * Of all arrays of a request together, each a few hundred bytes once it is read. An honest request
 * names 10,000 partitions with their replicas; Kafka counts nothing.
 */
const maxElements = 200_000;

const compiled: Record<Direction, Codec[][]> = { request: [], response: [] };
const writer = new Writer();

function codecOf(api: ApiName, version: number, direction: Direction): Codec {
  const { [direction]: fields, key, flexibleFrom } = apis[api];
  const versions = (compiled[direction][key] ??= []);
  return (versions[version] ??= compileStruct(fields, version, version >= flexibleFrom));
}

export function speaks(api: ApiName, version: number): boolean {
  const { min, max } = apis[api].versions;
  return version >= min && version <= max;
}

/** Of a frame without its length prefix. Buffers in the body are views of the frame. */
export function decodeRequest(frame: Buffer): DecodedRequest {
  const reader = new Reader(frame);
  if (frame.length < 8) {
    throw new ProtocolError('malformed', `a request of ${frame.length} bytes has no header`);
  }
  const apiKey = reader.int16();
  const version = reader.int16();
  const correlationId = reader.int32();
  const api = apiOfKey(apiKey);
  let header: KnownHeader = { ...(api && { api }), apiKey, version, correlationId };
  try {
    const clientId = readClientId(reader);
    header = { ...header, clientId };
    if (api === undefined) throw new ProtocolError('unknown-api', `no API has the key ${apiKey}`);
    if (!speaks(api, version)) {
      throw new ProtocolError('unsupported-version', `${api} has no version ${version} here`);
    }
    if (version >= apis[api].flexibleFrom) skipTagged(reader);
    reader.elementsLeft = maxElements;
    const body = codecOf(api, version, 'request').read(reader);
    return { api, apiKey, version, correlationId, clientId, body };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(error.kind, error.message, header);
  }
}

/** With its 4-byte length prefix. */
export function encodeRequest(
  api: ApiName,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: object,
): Buffer {
  begin(api, version);
  writer.int16(apis[api].key);
  writer.int16(version);
  writer.int32(correlationId);
  if (clientId === null) writer.int16(-1);
  else writer.string(clientId);
  if (version >= apis[api].flexibleFrom) writer.uvarint(0);
  codecOf(api, version, 'request').write(writer, body);
  return end();
}

/** With its 4-byte length prefix. More than `maxBytes` are a ProtocolError, 'too-large'. */
export function encodeResponse(
  api: ApiName,
  version: number,
  correlationId: number,
  body: object,
  maxBytes = Infinity,
): Buffer {
  begin(api, version, maxBytes);
  writer.int32(correlationId);
  if (hasTaggedHeader(api, version)) writer.uvarint(0);
  codecOf(api, version, 'response').write(writer, body);
  return end();
}

/** Of a frame without its length prefix. Buffers in the body are views of the frame. */
export function decodeResponse(
  api: ApiName,
  version: number,
  frame: Buffer,
): { correlationId: number; body: any } {
  invariant(speaks(api, version), `${api} has no version ${version}`);
  const reader = new Reader(frame);
  const correlationId = reader.int32();
  if (hasTaggedHeader(api, version)) skipTagged(reader);
  return { correlationId, body: codecOf(api, version, 'response').read(reader) };
}

function hasTaggedHeader(api: ApiName, version: number): boolean {
  return version >= apis[api].flexibleFrom && api !== 'ApiVersions';
}

function begin(api: ApiName, version: number, maxBytes = Infinity): void {
  invariant(speaks(api, version), `${api} has no version ${version}`);
  writer.reset(maxBytes);
  writer.field = api;
  writer.take(4);
}

function end(): Buffer {
  writer.putInt32(0, writer.position - 4);
  return writer.finish();
}

function readClientId(reader: Reader): string | null {
  const length = reader.int16();
  if (length < -1) throw new ProtocolError('malformed', `a client id of length ${length}`);
  return length === -1 ? null : reader.text(length);
}

function skipTagged(reader: Reader): void {
  let count = reader.uvarint();
  while (count-- > 0) {
    reader.uvarint();
    reader.take(reader.uvarint());
  }
}
