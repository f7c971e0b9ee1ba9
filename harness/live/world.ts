/**
 * The live world of one run: plain processes, a real Kafka, real time. It sees what passes through
 * it (commands, port calls, the processes) and what Kafka tells when asked (records, commits,
 * members); orders between these are those in which it saw them, so only what holds at rest can be
 * judged.
 *
 * Left out: what needs a gateway (lost answers, cuts, error answers), freezing, several instances
 * on request. Who wrote a record is known only of the harness's own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ending } from '#check';
import type { Failure } from '#kernel';
import type { Fault } from '#schedule';
import { createHistory, type History } from './history.ts';
import type { LiveRecord, LiveRunOptions } from './live-run.ts';
import type { Loaded } from './messages.ts';
import { createObserver, type Observer } from './observer.ts';
import { createPortGate, type PortGate } from './port-gate.ts';
import { createRest } from './rest.ts';
import { openSqlGateway, type SqlGateway } from './sql-gateway.ts';
import { createStrikes, type Strikes } from './strikes.ts';
import { createSupervisor, slotsOf, type Supervisor } from './supervisor.ts';
import { createWorkload, type Workload } from './workload.ts';

/** What the parts of a run share. */
export interface LiveWorld extends LiveRunOptions {
  readonly history: History;
  readonly supervisor: Supervisor;
  readonly workload: Workload;
  readonly ports: LiveRunOptions['ports'];
  readonly portGate: PortGate;
  readonly strikes: Strikes;
  readonly sqlGateway: SqlGateway | undefined;
  readonly observer: Observer;
  readonly loaded: Loaded[];
  commandOf(
    topic: string,
    record: { key: Buffer | null; value: Buffer | null },
  ): string | undefined;
  nameOf(topic: string, record: { key: Buffer | null; value: Buffer | null }): string | undefined;
  struck(fault: Fault): void;
  lastFaultAtMs(): number;
  finish(ending: Ending): void;
  /** Gives up: the learner's code does not load, or we are wrong. */
  abort(error: Failure): void;
}

const pollMs = 150;

/** Starts everything, waits until it is over, kills what runs. The ground is the caller's. */
export async function runLive(options: LiveRunOptions): Promise<LiveRecord> {
  const { chapter, signal, onWait } = options;
  const history = createHistory();
  let ending: Ending | undefined;
  let aborted: Failure | undefined;
  let fired: Fault | undefined;
  let lastFaultAtMs = 0;
  const world = {
    ...options,
    history,
    loaded: [],
    commandOf: (topic, record) => readBy(() => chapter.flow.id[topic]?.(record)),
    nameOf: (topic, record) => readBy(() => chapter.flow.name?.[topic]?.(record)),
    struck(fault) {
      fired = fault;
      lastFaultAtMs = history.nowMs();
    },
    lastFaultAtMs: () => lastFaultAtMs,
    finish(how) {
      ending ??= how;
    },
    abort(error) {
      aborted ??= error;
    },
  } as Partial<LiveWorld> as { -readonly [Key in keyof LiveWorld]: LiveWorld[Key] };
  world.supervisor = createSupervisor(world);
  world.workload = createWorkload(world);
  world.strikes = createStrikes(world);
  world.portGate = createPortGate(world);
  world.observer = createObserver(world);
  const rest = createRest(world);
  world.sqlGateway = await gatewayOf(world);
  try {
    world.supervisor.startAll();
    world.workload.begin();
    while (ending === undefined) {
      // A look, then a pause, until it is over: Kafka tells nobody that it is done.
      await world.observer.look();
      await world.sqlGateway?.look();
      if (aborted !== undefined) throw aborted;
      signal?.throwIfAborted();
      const waitsFor = rest.look();
      if (waitsFor !== undefined) onWait(waitsFor);
      if (ending === undefined) await sleep(pollMs);
    }
  } finally {
    await world.supervisor.killAll();
    await world.sqlGateway?.close();
  }
  return {
    facts: history.facts(),
    ending,
    fired,
    loaded: world.loaded,
    slots: new Set(world.supervisor.slots.keys()),
    regrouped: world.observer.regrouped(),
  };
}

/** What the chapter cannot read is about no command, and has no name. */
function readBy(ask: () => string | undefined): string | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** The first fact is what stands in the tables before anybody starts. */
async function gatewayOf(world: LiveWorld): Promise<SqlGateway | undefined> {
  const { database, history } = world;
  if (database === undefined) return undefined;
  history.add({ kind: 'table', tables: (await database.changedTables()) ?? {} });
  return openSqlGateway(world, database, slotsOf(world));
}
