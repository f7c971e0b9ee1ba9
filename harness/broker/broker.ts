/**
 * The embedded broker: pure state plus handlers. Bytes and time come in, answers and events come
 * out; it owns no sockets, no timers and no clock, so a simulation and a TCP server drive the same
 * thing.
 *
 * Whoever drives it applies the next request of a connection only after the one before is
 * answered: Kafka works on one request per connection at a time, and a parked one holds up what is
 * behind it.
 */
import { invariant } from '#kernel';
import {
  decodeBatch,
  decodeRequest,
  encodeBatch,
  encodeResponse,
  FrameReader,
  ProtocolError,
  type ErrorName,
  type NewRecord,
  type RecordBatch,
} from '#protocol';
import { appendBatch } from './append.ts';
import type { BrokerConfig, BrokerOptions } from './config.ts';
import { isMisdirected } from './coordinators.ts';
import type { BrokerEvent } from './events.ts';
import type { Answer, HandlerContext, KafkaRequest } from './handler.ts';
import { handlers } from './handler-table.ts';
import { withLeaders } from './leader-hints.ts';
import { refusal } from './refusal.ts';
import { createState, type BrokerState } from './state.ts';
import { addTopic, placementOf } from './topic-admin.ts';
import { configProblem } from './topic-config.ts';
import { topicNameProblem } from './topic-names.ts';
import type { Partition } from './topics.ts';
import type { PendingMarkers, Profile } from './transactions/transactions.ts';
import { serves } from './versions.ts';

export interface Answered {
  readonly request: KafkaRequest;
  readonly body: Answer;
  /** As it goes over the wire, with length; undefined where nothing goes (`none`, `close`). */
  readonly bytes: Buffer | undefined;
}

export interface Broker {
  readonly config: BrokerConfig;
  /** `node` = whose listener it came to; the first one where left out. */
  connect(connection: number, node?: number): void;
  /**
   * The connection is gone: its parked requests are never answered. Members stay (Kafka notices
   * nothing).
   */
  disconnect(connection: number): void;
  /**
   * Bytes from a client. Complete requests come back decoded, not applied; `close` = Kafka would
   * close the connection.
   */
  receive(connection: number, bytes: Uint8Array): readonly (KafkaRequest | 'close')[];
  /**
   * Does what the request asks. Its answer, and those of others that it set free, are in `take()`.
   */
  apply(request: KafkaRequest, nowMs: number): void;
  /**
   * An answer that carries this error everywhere, without doing anything (fault injection). No
   * bytes where the client expects no answer (acks 0; Kafka would close).
   */
  refuse(request: KafkaRequest, error: ErrorName): Buffer;
  /** Answers and events since the last call, each in order. */
  take(): { readonly answers: readonly Answered[]; readonly events: readonly BrokerEvent[] };
  /** The next thing that time alone will do: session expiry, join deadline, end of a long poll. */
  nextTimer(): { readonly atMs: number; readonly name: string } | undefined;
  /** Runs the timer that `nextTimer` named. */
  runTimer(nowMs: number): void;
  /**
   * How many of the timers that were set before the last `markTimers` still wait: for telling
   * rest.
   */
  markTimers(): void;
  timersOutstanding(): number;

  createTopic(name: string, partitions: number, configs?: Record<string, string>): void;
  /** One uncompressed batch from nobody; answers its base offset. */
  append(topic: string, partition: number, records: readonly NewRecord[], nowMs: number): number;
  /** The batches from the one that holds an offset on, control batches included and marked. */
  read(topic: string, partition: number, fromOffset?: number): readonly RecordBatch[];
  offsets(
    topic: string,
    partition: number,
  ): {
    readonly logStart: number;
    readonly highWatermark: number;
    /** What a read_committed reader may read up to. */
    readonly lastStable: number;
    /** Behind the last record that is no marker. */
    readonly recordsEnd: number;
  };
  /** -1 = none. */
  committed(group: string, topic: string, partition: number): number;
  setCommitted(group: string, topic: string, partition: number, offset: number): void;
  /** Starts a rebalance as any coordinator may. */
  rebalance(group: string, nowMs: number): void;
  /** The largest among members. */
  sessionTimeoutMs(group: string): number | undefined;

  /** Transactions that have ended and whose markers are not written yet, the oldest first. */
  pendingMarkers(): readonly PendingMarkers[];
  /**
   * From now on the markers of this transactional id are written so long after EndTxn (or after the
   * broker itself aborted), those that wait included; undefined = not until `writeMarkers`. Their
   * timer is called `markers` and the id.
   */
  delayMarkers(transactionalId: string, delayMs: number | undefined): void;
  /** Writes the markers that wait, if any; those to come have the usual delay again. */
  writeMarkers(transactionalId: string, nowMs: number): void;
}

/** More than Kafka puts into one answer to a Fetch (55 MiB); a request for more is closed. */
const maxAnswerBytes = 67_108_864;

interface Connection {
  readonly reader: FrameReader;
  readonly node: number;
}

export function createBroker(options: BrokerOptions = {}): Broker {
  let events: BrokerEvent[] = [];
  let answers: Answered[] = [];
  let requests = 0;
  const connections = new Map<number, Connection>();
  const state = createState(options, (event) => events.push(event));

  const answer = (request: KafkaRequest, told: Answer): void => {
    const body = withLeaders(state, request, told);
    answers.push(encoded(request, body));
  };

  return {
    config: state.config,
    connect(connection, node = state.cluster.controllerId) {
      connections.set(connection, { reader: new FrameReader(), node });
    },
    disconnect(connection) {
      connections.delete(connection);
      state.parking.forget(connection);
      state.groups.connectionClosed(connection);
    },
    receive(connection, bytes) {
      const open = connections.get(connection);
      invariant(open !== undefined, `bytes came on connection ${connection}, which is not open`);
      const received: (KafkaRequest | 'close')[] = [];
      try {
        for (const frame of open.reader.push(bytes)) {
          const whence = { id: ++requests, connection, node: open.node };
          received.push(parse(state.config.profile, frame, whence));
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        received.push('close');
      }
      return received;
    },
    apply(request, nowMs) {
      let done = false;
      const finish = (body: Answer): void => {
        if (done) return;
        done = true;
        if (connections.has(request.connection)) answer(request, body);
      };
      const body = handle({ state, request, nowMs, later: () => finish });
      if (body === undefined) return;
      done = true;
      answer(request, body);
    },
    refuse: (request, error) => encode(request, refusal(state, request, error)) ?? Buffer.alloc(0),
    take() {
      const taken = { answers, events };
      answers = [];
      events = [];
      return taken;
    },
    nextTimer: () => state.timers.next(),
    runTimer(nowMs) {
      const timer = state.timers.next();
      invariant(timer !== undefined && timer.atMs <= nowMs, 'a timer is due when it is run');
      state.timers.clear(timer.name);
      timer.run(nowMs);
    },
    markTimers: () => state.timers.mark(),
    timersOutstanding: () => state.timers.outstanding(),
    ...forWorlds(state),
  };
}

function handle(context: HandlerContext): Answer | undefined {
  const { state, request } = context;
  const handler = handlers.get(request.api);
  invariant(handler !== undefined, `${request.api} was received, so there is a handler`);
  return isMisdirected(state, request)
    ? refusal(state, request, 'NOT_COORDINATOR')
    : handler.handle(context);
}

function encoded(request: KafkaRequest, body: Answer): Answered {
  try {
    return { request, body, bytes: encode(request, body) };
  } catch (error) {
    if (!(error instanceof ProtocolError && error.kind === 'too-large')) throw error;
    return { request, body: 'close', bytes: undefined };
  }
}

function encode(request: KafkaRequest, body: Answer): Buffer | undefined {
  if (body === 'none' || body === 'close') return undefined;
  return encodeResponse(request.api, request.version, request.correlationId, body, maxAnswerBytes);
}

/** Throws a ProtocolError where Kafka closes the connection. */
function parse(
  profile: Profile,
  frame: Buffer,
  whence: Pick<KafkaRequest, 'id' | 'connection' | 'node'>,
): KafkaRequest {
  const size = frame.length;
  try {
    const { api, version, correlationId, clientId, body } = decodeRequest(frame);
    if (serves(profile, api, version)) {
      return { ...whence, api, version, correlationId, clientId, body, size };
    }
    throw new ProtocolError('unsupported-version', `${api} v${version} is not served`, { api });
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.kind !== 'unsupported-version') throw error;
    const { api, version, correlationId, clientId = null } = error.header;
    if (api !== 'ApiVersions' || correlationId === undefined || version === undefined) throw error;
    const body = { unsupportedVersion: version };
    return { ...whence, api, version: 0, correlationId, clientId, body, size };
  }
}

type ForWorlds = Pick<
  Broker,
  | 'createTopic'
  | 'append'
  | 'read'
  | 'offsets'
  | 'committed'
  | 'setCommitted'
  | 'rebalance'
  | 'sessionTimeoutMs'
  | 'pendingMarkers'
  | 'delayMarkers'
  | 'writeMarkers'
>;

/** What worlds and tools may do without speaking the protocol. */
function forWorlds(state: BrokerState): ForWorlds {
  const partitionOf = (topic: string, partition: number): Partition => {
    const found = state.topics.partition(topic, partition);
    invariant(found !== undefined, `partition ${topic}/${partition} exists`);
    return found;
  };
  return {
    createTopic(name, partitions, configs = {}) {
      const problem =
        topicNameProblem(name) ??
        (state.topics.has(name) ? `Topic '${name}' already exists.` : undefined) ??
        Object.entries(configs)
          .map(([key, value]) => configProblem(state.config.profile, key, value))
          .find((found) => found !== undefined);
      invariant(problem === undefined, `topic ${name} can be made: ${problem}`);
      invariant(partitions > 0, `topic ${name} has partitions`);
      const { defaultReplicationFactor } = state.config;
      const placement = placementOf(state, name, partitions, defaultReplicationFactor);
      addTopic(state, name, placement, configs);
    },
    append(topic, partition, records, nowMs) {
      const baseTimestamp = records[0]?.timestamp ?? nowMs;
      const batch = encodeBatch({ records, baseTimestamp });
      const found = partitionOf(topic, partition);
      const { config } = state.topics.get(topic)!;
      const outcome = appendBatch(state, found, config, batch, nowMs, undefined);
      invariant('baseOffset' in outcome, `records go into ${topic}/${partition}: ${outcome.error}`);
      return outcome.baseOffset;
    },
    read(topic, partition, fromOffset = 0) {
      const { log } = partitionOf(topic, partition);
      return log.batches.slice(log.find(fromOffset)).map(({ bytes }) => decodeBatch(bytes));
    },
    offsets(topic, partition) {
      const { log } = partitionOf(topic, partition);
      const { logStart, highWatermark, lastStable, recordsEnd } = log;
      return { logStart, highWatermark, lastStable, recordsEnd };
    },
    committed: (group, topic, partition) => state.groups.committed(group, topic, partition),
    setCommitted: (group, topic, partition, offset) =>
      state.groups.setCommitted(group, topic, partition, offset),
    rebalance: (group, nowMs) => state.groups.rebalance(group, nowMs),
    sessionTimeoutMs: (group) => state.groups.sessionTimeoutMs(group),
    pendingMarkers: () => state.transactions.pendingMarkers(),
    delayMarkers: (transactionalId, delayMs) =>
      state.transactions.delayMarkers(transactionalId, delayMs),
    writeMarkers: (transactionalId, nowMs) =>
      state.transactions.writeMarkers(transactionalId, nowMs),
  };
}
