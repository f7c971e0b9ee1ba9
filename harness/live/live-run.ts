/** What a live run is given, and what it gives back. */
import type { Ending, Fact, SourceLine } from '#check';
import type { Milliseconds } from '#kernel';
import type { ChapterDefinition } from '#kit';
import type { Fault, FaultPoint, Phase, ScheduledCommand } from '#schedule';
import type { FreshDatabase } from './database.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { Loaded, ProgramFiles } from './messages.ts';
import type { Naming } from './naming.ts';

/** An outside system: its state is the run's own. A throw is the port's own refusal. */
export interface LivePort {
  readonly calls: readonly string[];
  apply(call: string, args: readonly unknown[]): unknown;
}

/** What is done to the run. */
export type Plan =
  | { readonly kind: 'nothing' }
  /** Stopped gracefully and started again when all is done. */
  | { readonly kind: 'restart at rest' }
  /** SIGKILL where a port call or a statement crosses: the named one, or the n-th that is counted. */
  | {
      readonly kind: 'crash';
      readonly at: FaultPoint | { readonly counted: string; readonly nth: number };
      readonly phase: Exclude<Phase, 'after answer'>;
    };

export interface LiveRunOptions {
  readonly chapter: ChapterDefinition;
  readonly program: ProgramFiles;
  readonly kafka: KafkaClient;
  readonly commands: readonly ScheduledCommand[];
  readonly ports: ReadonlyMap<string, LivePort>;
  /** Where the chapter has tables: made for this run, removed by whoever made it. */
  readonly database?: FreshDatabase | undefined;
  /** In whose words calls and statements are told. */
  readonly naming: Naming;
  readonly plan: Plan;
  /** How long after the last fault everything must be done. */
  readonly horizonMs: Milliseconds;
  /** What is being waited for, in words; said again and again. */
  readonly onWait: (sentence: string) => void;
  readonly signal?: AbortSignal;
  /** The first place in the learner's own files, as far as it is known. */
  readonly lineOf: (stack: string) => SourceLine | undefined;
  /** Text with stack lines in the learner's terms. */
  readonly readable: (text: string) => string;
}

export interface LiveRecord {
  readonly facts: readonly Fact[];
  readonly ending: Ending;
  /** The fault that really struck. */
  readonly fired: Fault | undefined;
  /** Hashes of the two files, as every process read them. */
  readonly loaded: readonly Loaded[];
  /** Client ids of all processes, for clearing up. */
  readonly slots: ReadonlySet<string>;
  /** A group changed its members after the first effect: "once" is then more than Kafka promises. */
  readonly regrouped: boolean;
}
