/**
 * When is a run over? When every command is answered or unknown, nothing is in flight but idle waits, and since the
 * last change every timer then armed has fired or been cleared without a new one. Before that, after the last fault,
 * closing commands go in until each partition that held a record got one more.
 */
import type { Ending, Stuck } from '#check';
import type { Milliseconds } from '#kernel';
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
/** Who polls more seldom than this is not waited for before the closing commands. */
const pollMs: Milliseconds = 60_000;

const topicOf = (where: string): string => where.slice(0, where.lastIndexOf('/'));

export function createRest(world: World): Rest {
  return new RestWatch(world);
}

class RestWatch implements Rest {
  readonly #world: World;
  #phase: 'working' | 'faults at rest' | 'closing' = 'working';
  #uncovered: Map<string, number> | undefined;
  /** The number of changes for which a second round of waiting has begun. */
  #again = -1;
  #lastChange = { nth: -1, atMs: 0 };
  /** Where each partition ended when the last closing command went in. */
  #closedAt: Map<string, number> | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  #quiet(): boolean {
    return (
      this.#world.workload.done() &&
      !this.#world.supervisor.busy() &&
      !this.#world.network.busy() &&
      !this.#world.ports.busy() &&
      this.#world.kafka.idle() &&
      this.#world.postgres?.idle() !== false &&
      this.#world.passages.waiting() === 0
    );
  }

  /** Nothing that waited when the world last changed still waits. */
  #timersRan(): boolean {
    return this.#world.agenda.outstanding() === 0 && this.#world.broker.timersOutstanding() === 0;
  }

  /**
   * Nor does anything that this set off: a client may be on its way back behind a long poll that it
   * began after the last change.
   */
  #still(): boolean {
    if (!this.#timersRan()) return false;
    if (this.#again === this.#world.changes()) return true;
    if (this.#quiet()) {
      this.#again = this.#world.changes();
      this.#world.markTimers();
    }
    return false;
  }

  #ends(): Map<string, number> {
    const result = new Map<string, number>();
    for (const [topic, { partitions }] of Object.entries(this.#world.chapter.topics)) {
      for (let partition = 0; partition < partitions; partition++) {
        result.set(
          `${topic}/${partition}`,
          this.#world.broker.offsets(topic, partition).recordsEnd,
        );
      }
    }
    return result;
  }

  /** Timers go on where all records are handled: a relay that polls is to send before the end. */
  #polled(): boolean {
    const nth = this.#world.changes();
    if (nth !== this.#lastChange.nth) this.#lastChange = { nth, atMs: this.#world.now() };
    return this.#timersRan() || this.#world.now() - this.#lastChange.atMs >= pollMs;
  }

  /** A group is asked about what it reads; one that nobody joined yet, about all that carries commands. */
  #behind(): boolean {
    const { chapter, kafka, broker } = this.#world;
    for (const group of chapter.groups) {
      for (const topic of kafka.topicsOf(group) ?? Object.keys(chapter.flow.id)) {
        const partitions = chapter.topics[topic]?.partitions ?? 0;
        for (let partition = 0; partition < partitions; partition++) {
          const end = kafka.visibleEnd(topic, partition);
          if (Math.max(broker.committed(group, topic, partition), 0) < end) return true;
        }
      }
    }
    return false;
  }

  #stuck(): { stuck?: Stuck } {
    const stuck = this.#world.postgres?.stuck();
    return stuck === undefined ? {} : { stuck };
  }

  giveUp(): Ending {
    const { stuck } = this.#stuck();
    const waitsFor =
      stuck?.sentence ??
      this.#world.workload.waitsFor() ??
      this.#world.supervisor.waitsFor() ??
      this.#world.postgres?.waitsFor() ??
      this.#world.kafka.waitsFor() ??
      stillChanging(this.#world.recorder, this.#world.now());
    return { kind: 'horizon', waitsFor, ...(stuck && { stuck }) };
  }

  #close(): void {
    if (this.#phase !== 'closing') {
      this.#phase = 'closing';
      this.#world.passages.closeBooks();
      this.#world.closing = true;
      this.#uncovered = new Map([...this.#ends()].filter(([, end]) => end > 0));
      for (const where of this.#uncovered.keys()) {
        if (!this.#world.workload.closes(topicOf(where))) this.#uncovered.delete(where);
      }
    }
    const now = this.#ends();
    for (const [where, end] of this.#uncovered ?? []) {
      if ((now.get(where) ?? 0) > end) this.#uncovered?.delete(where);
    }
    if (this.#uncovered === undefined || this.#uncovered.size === 0) return;
    if (this.#world.workload.closed >= mostClosing) return this.#uncovered.clear();
    this.#closedAt = now;
    const [where] = this.#uncovered.keys();
    this.#world.workload.close(this.#world.workload.closed + 1, where);
  }

  /** What is uncovered got a record since the last closing command, if only in other partitions. */
  #arrived(): boolean {
    const now = this.#ends();
    const topics = new Set([...(this.#uncovered?.keys() ?? [])].map(topicOf));
    for (const [where, end] of now) {
      if (end > (this.#closedAt?.get(where) ?? 0)) topics.delete(topicOf(where));
    }
    return topics.size === 0;
  }

  /**
   * Where services pass on what they are told, the last command may still be on its way to what is
   * uncovered: the next goes in when it has arrived, or nobody moves.
   */
  #mayClose(): boolean {
    if (!this.#world.workload.done() || (this.#uncovered?.size ?? 0) === 0) return false;
    const arrived = this.#arrived();
    if (arrived && this.#world.chapter.groups.length < 2) return true;
    if (!this.#quiet()) return false;
    return ((arrived || this.#polled()) && !this.#behind()) || this.#still();
  }

  /**
   * A world that only has to come to rest gets the horizon twice: by then every timer that was
   * armed at the first has run, and what is not still did change.
   */
  look(): void {
    const lateMs = this.#world.now() - this.#world.lastFaultAtMs() - horizonMs;
    const closes = this.#phase === 'closing' && this.#world.workload.done();
    if (lateMs > (closes ? horizonMs : 0)) return this.#world.finish(this.giveUp());
    if (this.#phase === 'closing') {
      if (this.#mayClose()) return this.#close();
      if (this.#still() && this.#quiet()) this.#world.finish({ kind: 'rest', ...this.#stuck() });
      return;
    }
    if (this.#polled() && this.#world.gate.allFired() && this.#world.workload.done()) {
      if (this.#quiet() && !this.#behind()) return this.#close();
    }
    if (!this.#still() || !this.#quiet()) return;
    const faults = this.#world.gate.faultsAtRest();
    if (faults.length === 0) return this.#close();
    this.#phase = 'faults at rest';
    for (const planned of faults) this.#world.strikeHere(planned);
    this.#world.later(0, () => undefined);
  }
}
