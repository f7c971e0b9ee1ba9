/** What a learner meets: a process is a function from plain data to a running thing. */
import type { KafkaConfig } from 'kafkajs';
import type { PoolConfig } from 'pg';

/**
 * What a process is told when it starts: plain data and the outside systems,
 * the same in the simulated world and in a live process.
 */
export interface Env<Ports = unknown> {
  /** `new Kafka(kafka)` */
  readonly kafka: KafkaConfig;
  /** `new Pool(database)` */
  readonly database: PoolConfig;
  /** The name of this place in the deployment, `relay-0`: the same after a restart. */
  readonly slot: string;
  /** Outside systems of the chapter: a sink, a payment provider, a mailer. */
  readonly ports: Ports;
}

/**
 * A process. Resolves when it is ready to serve. `stop` is SIGTERM: end gracefully.
 * `Api` is what others may call while it runs.
 */
export type Service<Api = unknown, Ports = unknown> = (
  env: Env<Ports>,
) => Promise<Api & { stop(): Promise<void> }>;
