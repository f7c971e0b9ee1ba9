/** The live world: the same two files as plain processes against a real Kafka. */
export { createGround, type Ground, type GroundOptions } from './ground.ts';
export { createKafkaClient, type KafkaClient } from './kafka-client.ts';
export type { LivePort, LiveRecord, LiveRunOptions, Plan } from './live-run.ts';
export type { ProgramFiles } from './messages.ts';
export { runLive } from './world.ts';
