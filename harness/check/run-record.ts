/** One schedule executed: what a world hands to verify. Plain data. */
import type { Crossing } from '#schedule';
import type { Fact, SourceLine } from './facts.ts';

/** What the engine itself requires of every service, whatever the chapter says. */
export type EngineProperty = 'comes-to-rest' | 'stays-up' | 'does-not-return';

/** Why a service does nothing more with a database that would: in a sentence without its full stop. */
export interface Stuck {
  readonly reason: 'pool' | 'transaction';
  readonly sentence: string;
}

export type Ending =
  /** Every command answered or unknown, nothing in flight but idle waits. */
  | { readonly kind: 'rest'; readonly stuck?: Stuck }
  /** Something still changed, or kept waiting, ten virtual minutes after the last fault. */
  | { readonly kind: 'horizon'; readonly waitsFor: string; readonly stuck?: Stuck }
  /** The service never came to rest inside one event, or does not stay up: a finding. */
  | {
      readonly kind: 'service';
      readonly property: EngineProperty;
      readonly sentence: string;
      readonly line?: SourceLine;
    }
  /** The service did what the simulation cannot replay: unknown. */
  | {
      readonly kind: 'uncontrolled';
      readonly sentence: string;
      readonly advice: string;
      readonly line?: SourceLine;
    };

export interface RunRecord {
  readonly facts: readonly Fact[];
  readonly crossings: readonly Crossing[];
  /** Indices in the schedule's faults (holds) that really struck (held). */
  readonly fired: readonly number[];
  readonly held: readonly number[];
  readonly ending: Ending;
  /** Over every byte both ways, its time, and every fact. */
  readonly traceHash: string;
  /** Over (slot, operation, target, phase, fault), without values and times. */
  readonly traceClass: string;
  /**
   * Shared things that this run changed: intrinsics, the real globalThis, exports of client
   * libraries.
   */
  readonly leaks: readonly string[];
  readonly steps: number;
  readonly virtualMs: number;
}
