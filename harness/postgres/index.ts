/** PostgreSQL for simulated and real worlds: a server of our own, and what it takes to lend its sessions. */
export { ownDatabase, type OwnDatabase } from './launcher/own-database.ts';
export {
  startPostgres,
  type PostgresAddress,
  type PostgresOptions,
  type PostgresServer,
} from './launcher/server.ts';
