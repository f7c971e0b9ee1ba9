/** The embedded broker: Kafka's wire protocol over pure state, for the simulation and for any client over TCP. */
export { createBroker, type Answered, type Broker } from './broker.ts';
export type { BrokerConfig, BrokerNode, BrokerOptions } from './config.ts';
export type { BrokerEvent } from './events.ts';
export type { Answer, KafkaRequest } from './handler.ts';
export type { PendingMarkers, Profile } from './transactions/transactions.ts';
export { serveBroker, type BrokerServer, type ServerClock, type ServerOptions } from './server.ts';
