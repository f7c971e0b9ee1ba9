/**
 * One connection to a Kafka, spoken through our own codec: what the world asks must not depend on
 * the client library that it judges. Answers come in the order of the questions. No TLS, no SASL.
 */
import { connect, type Socket } from 'node:net';
import { Failure } from '#kernel';
import {
  apis,
  decodeResponse,
  encodeRequest,
  FrameReader,
  type ApiName,
  type DecodedRequest,
} from '#protocol';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A decoded body: named as in the protocol; nobody but the codec checks its shape. */
export type Body = DecodedRequest['body'];

export interface KafkaConnection {
  ask(api: ApiName, body: object): Promise<Body>;
  close(): void;
}

interface Question {
  readonly api: ApiName;
  readonly version: number;
  readonly resolve: (body: Body) => void;
  readonly reject: (error: Error) => void;
}

const patienceMs = 10_000;
const clientId = 'crashproof';

/** Newest versions that this client's bodies are written for; above, fields have other names. */
const newest: Partial<Record<ApiName, number>> = {
  Fetch: 11,
  FindCoordinator: 3,
  OffsetFetch: 7,
  DeleteTopics: 5,
};

export async function connectKafka(address: Address): Promise<KafkaConnection> {
  const socket = await open(address);
  const waiting: Question[] = [];
  const frames = new FrameReader();
  const versions = new Map<number, { min: number; max: number }>();
  let broken: Error | undefined;

  const fail = (error: Error): void => {
    broken ??= error;
    for (const question of waiting.splice(0)) question.reject(broken);
    socket.destroy();
  };
  socket.on('data', (bytes) => {
    try {
      for (const frame of frames.push(bytes)) {
        const question = waiting.shift();
        if (question !== undefined) {
          question.resolve(decodeResponse(question.api, question.version, frame).body);
        }
      }
    } catch (cause) {
      fail(notKafka(address, cause));
    }
  });
  socket.on('timeout', () => {
    if (waiting.length > 0) fail(notKafka(address, new Error('no answer')));
  });
  socket.on('error', (cause) => fail(notKafka(address, cause)));
  socket.on('close', () => fail(notKafka(address, new Error('the connection was closed'))));
  socket.setTimeout(patienceMs);

  const send = (api: ApiName, version: number, body: object): Promise<Body> =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) return reject(broken);
      waiting.push({ api, version, resolve, reject });
      socket.write(encodeRequest(api, version, waiting.length, clientId, body));
    });

  const { apiKeys } = await send('ApiVersions', 0, {});
  for (const { apiKey, minVersion, maxVersion } of apiKeys) {
    versions.set(apiKey, { min: minVersion, max: maxVersion });
  }
  return {
    ask(api, body) {
      const theirs = versions.get(apis[api].key);
      const version = Math.min(theirs?.max ?? -1, apis[api].versions.max, newest[api] ?? 99);
      if (theirs === undefined || version < theirs.min) {
        const says = `The Kafka at ${nameOf(address)} does not offer ${api}, which is needed here.`;
        return Promise.reject(new Failure('NO_BROKER', says));
      }
      return send(api, version, body);
    },
    close() {
      broken ??= new Error('closed');
      socket.destroy();
    },
  };
}

function open(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, noDelay: true, timeout: patienceMs });
    const refuse = (cause?: Error): void => {
      socket.destroy();
      const says = `No Kafka answers at ${nameOf(address)}. Start one: npm run broker`;
      reject(new Failure('NO_BROKER', says, { cause }));
    };
    socket.once('error', refuse);
    socket.once('timeout', refuse);
    socket.once('connect', () => {
      socket.removeListener('error', refuse);
      socket.removeListener('timeout', refuse);
      resolve(socket);
    });
  });
}

function notKafka(address: Address, cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause);
  const says = `What listens at ${nameOf(address)} does not answer as a Kafka does (${why}).`;
  return new Failure('NO_BROKER', says, { cause });
}

export const nameOf = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** `host:port`, `[::1]:9092`. */
export function addressOf(text: string): Address {
  const [, six, four, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s/]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? four;
  if (host === undefined || Number(port) > 65_535) {
    throw new Failure(
      'USAGE',
      `--broker wants host:port, not ${JSON.stringify(text)}. ` +
        'Example: --world live --broker 127.0.0.1:9092',
    );
  }
  return { host, port: Number(port) };
}
