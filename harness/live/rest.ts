/**
 * When is a live run over? When every command is answered or unknown, no port call, no statement
 * and no process is under way, the judged groups have committed past every record, and then for a
 * while nothing new was seen. Before that closing commands go in until each partition that held a
 * record got one more. What is not done at the horizon is left undone, with what was waited for.
 */
import type { LiveWorld } from './world.ts';

export interface Rest {
  /** Moves the run on, or finishes it; answers what is being waited for. */
  look(): string | undefined;
}

/** Nothing new for so long: beyond every pause that a busy consumer makes by itself. */
const quietMs = 1_500;
const mostClosing = 64;

export function createRest(world: LiveWorld): Rest {
  const { workload, supervisor, portGate, observer, history, plan } = world;
  let uncovered: Map<string, number> | undefined;
  let restarted = false;

  // The gateway is opened when everything else is there.
  const waitsFor = (): string | undefined =>
    observer.waitsForTheDead() ??
    workload.waitsFor() ??
    supervisor.waitsFor() ??
    portGate.waitsFor() ??
    world.sqlGateway?.waitsFor() ??
    observer.behind();

  /** A closing command for the next partition that got none; false = all have one. */
  const close = (): boolean => {
    const now = observer.ends();
    uncovered ??= new Map(now);
    for (const [where, end] of uncovered) {
      if ((now.get(where) ?? 0) > end) uncovered.delete(where);
    }
    const [where] = uncovered.keys();
    if (where === undefined || workload.closed >= mostClosing) return false;
    workload.close(workload.closed + 1, Number(where.slice(where.lastIndexOf('/') + 1)));
    return true;
  };

  return {
    look() {
      const reason = waitsFor();
      const late = history.nowMs() - world.lastFaultAtMs() > world.horizonMs;
      if (reason !== undefined) {
        if (late) world.finish({ kind: 'horizon', waitsFor: reason });
        return reason;
      }
      if (uncovered === undefined && plan.kind === 'restart at rest' && !restarted) {
        if (history.quietMs() < quietMs) return 'nothing new happens any more';
        restarted = true;
        const fault = { kind: 'restart', place: 'at rest', on: 'everything' } as const;
        history.add({ kind: 'fault', index: 0, fault: 'restart everything at rest' });
        world.struck(fault);
        supervisor.restartEverything();
        return 'everything restarts';
      }
      if ((uncovered === undefined || uncovered.size > 0) && close()) return 'closing commands';
      if (history.quietMs() >= quietMs) {
        world.finish({ kind: 'rest' });
        return undefined;
      }
      if (late) world.finish({ kind: 'horizon', waitsFor: 'something still changes' });
      return 'nothing new happens any more';
    },
  };
}
