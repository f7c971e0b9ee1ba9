/**
 * When is a run over? When every command is answered or unknown, nothing is in flight but idle waits, and since the
 * last change every timer then armed has fired or been cleared without a new one. Before that, after the last fault,
 * closing commands go in until each partition that held a record got one more.
 */
import type { Ending } from '#check';
import { horizonMs } from './incarnation.ts';
import { stillChanging } from './repeats.ts';
import type { World } from './world.ts';

export interface Rest {
  /** Looks whether something is over; moves the run on, or finishes it. */
  look(): void;
  /** The ending when nothing will ever happen again, or too much happened. */
  giveUp(): Ending;
}

const mostClosing = 64;

export function createRest(world: World): Rest {
  let phase: 'working' | 'faults at rest' | 'closing' = 'working';
  let uncovered: Map<string, number> | undefined;

  const quiet = (): boolean =>
    world.workload.done() &&
    !world.supervisor.busy() &&
    !world.network.busy() &&
    !world.ports.busy() &&
    world.kafka.idle() &&
    world.passages.waiting() === 0;

  /** The number of changes for which a second round of waiting has begun. */
  let again = -1;

  /**
   * Nothing that waited when the world last changed still waits, nor anything that this set off: a
   * client may be on its way back behind a long poll that it began after the last change.
   */
  const still = (): boolean => {
    if (world.agenda.outstanding() > 0 || world.broker.timersOutstanding() > 0) return false;
    if (again === world.changes()) return true;
    if (quiet()) {
      again = world.changes();
      world.markTimers();
    }
    return false;
  };

  const ends = (): Map<string, number> => {
    const result = new Map<string, number>();
    for (const [topic, { partitions }] of Object.entries(world.chapter.topics)) {
      for (let partition = 0; partition < partitions; partition++) {
        result.set(`${topic}/${partition}`, world.broker.offsets(topic, partition).highWatermark);
      }
    }
    return result;
  };

  const behind = (): boolean => {
    for (const group of world.chapter.groups) {
      for (const [topic, { partitions }] of Object.entries(world.chapter.topics)) {
        for (let partition = 0; partition < partitions; partition++) {
          const { highWatermark } = world.broker.offsets(topic, partition);
          if (Math.max(world.broker.committed(group, topic, partition), 0) < highWatermark)
            return true;
        }
      }
    }
    return false;
  };

  const giveUp = (): Ending => {
    const waitsFor =
      world.workload.waitsFor() ??
      world.supervisor.waitsFor() ??
      world.kafka.waitsFor() ??
      stillChanging(world.recorder, world.now());
    return { kind: 'horizon', waitsFor };
  };

  const close = (): void => {
    if (phase !== 'closing') {
      phase = 'closing';
      world.passages.closeBooks();
      world.closing = true;
      uncovered = new Map([...ends()].filter(([, end]) => end > 0));
    }
    const now = ends();
    for (const [where, end] of uncovered ?? []) {
      if ((now.get(where) ?? 0) > end) uncovered?.delete(where);
    }
    if (uncovered === undefined || uncovered.size === 0) return;
    if (world.workload.closed >= mostClosing) return uncovered.clear();
    const [where] = uncovered.keys();
    world.workload.close(world.workload.closed + 1, where);
  };

  /**
   * A world that only has to come to rest gets the horizon twice: by then every timer that was
   * armed at the first has run, and what is not still did change.
   */
  const look = (): void => {
    const lateMs = world.now() - world.lastFaultAtMs() - horizonMs;
    const closes = phase === 'closing' && world.workload.done();
    if (lateMs > (closes ? horizonMs : 0)) return world.finish(giveUp());
    if (phase === 'closing') {
      if (world.workload.done() && (uncovered?.size ?? 0) > 0) return close();
      if (still() && quiet()) world.finish({ kind: 'rest' });
      return;
    }
    if (world.gate.allFired() && world.workload.done()) {
      if (quiet() && !behind()) return close();
    }
    if (!still() || !quiet()) return;
    const faults = world.gate.faultsAtRest();
    if (faults.length === 0) return close();
    phase = 'faults at rest';
    for (const planned of faults) world.strikeHere(planned);
    world.later(0, () => undefined);
  };

  return { look, giveUp };
}
