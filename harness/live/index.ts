/** The live world: the same two files as plain processes against a real Kafka and a real PostgreSQL. */
export {
  openDatabaseServer,
  type DatabaseServer,
  type DatabaseServerOptions,
  type FreshDatabase,
  type LiveDatabasePlan,
} from './database.ts';
export { createGround, type Ground, type GroundOptions } from './ground.ts';
export { createKafkaClient, type KafkaClient } from './kafka-client.ts';
export type { LivePort, LiveRecord, LiveRunOptions, Plan } from './live-run.ts';
export type { ProgramFiles } from './messages.ts';
export type { Naming, SqlAsked, SqlSession } from './naming.ts';
export { databaseCommits } from './strikes.ts';
export { runLive } from './world.ts';
