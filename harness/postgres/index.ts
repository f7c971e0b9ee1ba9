/** PostgreSQL for simulated and real worlds: a server of our own, and what it takes to lend its sessions. */
export { ownDatabase, type OwnDatabase } from './launcher/own-database.ts';
export {
  startPostgres,
  type PostgresAddress,
  type PostgresOptions,
  type PostgresServer,
} from './launcher/server.ts';
export { GroupReader, type Group, type MessageGroup } from './wire/groups.ts';
export { AnswerTracker, type TransactionStatus } from './wire/answers.ts';
export { bodyOf, bytesOf, cString, frame, FrameReader, type Frame } from './wire/frames.ts';
export {
  errorResponse,
  readFields,
  wordedError,
  type ErrorFields,
  type WordedCode,
} from './wire/errors.ts';
export * as messages from './wire/messages.ts';
export { readGreeting, writeGreeting, type Greeting } from './wire/greeting.ts';
export { readStartUp, type StartUp } from './wire/start-up.ts';
export { describeStatement, targetOf, type Described } from './statements/describe.ts';
export { boundValues, literalValues, type ParameterValue } from './statements/parameters.ts';
export { StatementReader, type ReadGroup, type SqlOperation } from './statements/reader.ts';
export { rewriteStatement, type Rewritten } from './statements/rewrite.ts';
export { tokensOf, type Token } from './statements/tokens.ts';
export { mayBeUncontrolled, uncontrolledIn } from './statements/uncontrolled.ts';
export { simSchemaSql } from './virtual/functions.ts';
export { quoted, roleSql, type ServiceRole } from './virtual/roles.ts';
export { prepareReset, recreateDatabase, type Reset, type ResetOptions } from './reset/reset.ts';
export {
  prepareDatabase,
  type DatabasePlan,
  type HostingServer,
  type PreparedDatabase,
  type ReadLogin,
} from './prepared/database.ts';
export { schemasOf, wrongSchema, type Schema, type SchemaText } from './prepared/schema.ts';
export { createTableReader, type TableReader, type TableRows } from './prepared/tables.ts';
export { openAdmin, Refused, type Admin, type AdminOptions, type Row } from './sessions/admin.ts';
export type { Answer, Notification } from './sessions/answer.ts';
export type { ServerAddress } from './sessions/connection.ts';
export {
  closedAnswer,
  type Ended,
  type Fate,
  type LentSession,
  type Outcome,
  type StartOptions,
  type Timeout,
  type Waiting,
} from './sessions/lent.ts';
export type { OutsideLock } from './sessions/outside.ts';
export {
  openSessions,
  type LendingServer,
  type Sessions,
  type SessionsOptions,
} from './sessions/sessions.ts';
