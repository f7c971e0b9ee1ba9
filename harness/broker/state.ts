/**
 * Everything a broker knows, and nothing else: no sockets, no clock. Handlers change it and call
 * `emit`. `createBroker` (broker.ts) drives it; each table below knows no protocol of its own.
 */
import { random } from '#kernel';
import { appendMarker } from './append.ts';
import { createCluster, type Cluster } from './cluster.ts';
import { brokerConfig, type BrokerConfig, type BrokerOptions } from './config.ts';
import type { BrokerEvent } from './events.ts';
import { createGroups, type Groups } from './groups/groups.ts';
import { offsetsTopic } from './groups/offsets-log.ts';
import { createParking, type Parking } from './parking.ts';
import { createTimers, type Timers } from './timers.ts';
import { createTopics, type Topics } from './topics.ts';
import {
  createTransactions,
  type PartitionMarker,
  type Transactions,
} from './transactions/transactions.ts';

export interface BrokerState {
  readonly config: BrokerConfig;
  readonly cluster: Cluster;
  readonly topics: Topics;
  /** The classic group coordinator. */
  readonly groups: Groups;
  /** The transaction coordinator. */
  readonly transactions: Transactions;
  readonly timers: Timers;
  /** Fetches that wait for data. */
  readonly parking: Parking;
  emit(event: BrokerEvent): void;
  /**
   * `prefix-UUID`, or a bare UUID for an empty prefix; the same sequence for the same `idSeed`.
   */
  newId(prefix: string): string;
  newProducerId(): number;
}

export function createState(
  options: BrokerOptions,
  emit: (event: BrokerEvent) => void,
): BrokerState {
  const config = brokerConfig(options);
  const topics = createTopics();
  const timers = createTimers();
  const newUuid = uuids(config.idSeed);
  const newId = (prefix: string): string => (prefix === '' ? newUuid() : `${prefix}-${newUuid()}`);
  let producerIds = 0;
  const newProducerId = (): number => producerIds++;
  const state: BrokerState = {
    config,
    cluster: createCluster(config),
    topics,
    groups: createGroups({ config, topics, timers, emit, newId }),
    transactions: createTransactions({
      config,
      timers,
      emit,
      newProducerId,
      writeMarkers: (markers, nowMs) =>
        state.parking.together(nowMs, () =>
          markers.map((marker) => writeMarker(state, marker, nowMs)),
        ),
    }),
    timers,
    parking: createParking(timers),
    emit,
    newId,
    newProducerId,
  };
  return state;
}

/** Offsets live with their groups, records in partitions. What was deleted needs no marker. */
function writeMarker(
  state: BrokerState,
  marker: PartitionMarker,
  nowMs: number,
): 'NONE' | 'INVALID_PRODUCER_EPOCH' {
  const { topic, partition, outcome } = marker;
  if (topic === offsetsTopic) return state.groups.endTransaction(partition, marker, outcome);
  const found = state.topics.partition(topic, partition);
  return found === undefined ? 'NONE' : appendMarker(state, found, marker, nowMs);
}

/**
 * Version 4 UUIDs from a seed. The stream is made when first needed: most runs need it late or
 * never.
 */
function uuids(seed: number): () => string {
  let stream: ReturnType<typeof random> | undefined;
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  return () => {
    stream ??= random(seed, 'broker ids');
    const a = hex(stream.uint32());
    const b = hex(((stream.uint32() & 0xffff0fff) | 0x4000) >>> 0);
    const c = hex(((stream.uint32() & 0x3fffffff) | 0x80000000) >>> 0);
    const d = hex(stream.uint32());
    return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`;
  };
}
