/**
 * What a check found: one versioned object that terminal, page and `--json` show. Everything a view needs is in it;
 * no view runs anything. docs/format.md describes it for outsiders.
 */
import type { Ending, Fact, SourceLine } from '#check';
import type { Level } from '#kit';
import type { Schedule } from '#schedule';

export type Verdict = 'holds' | 'broken' | 'unknown';

export type Blame = 'service' | 'client' | 'protocol' | 'harness';

/** A piece of the learner's file around a line. */
export interface Excerpt {
  readonly file: string;
  readonly line: number;
  /** First line number of `text`. */
  readonly from: number;
  readonly text: readonly string[];
}

export interface ReportFinding {
  /** `k3`: names the saved schedule in `.crashproof/`. */
  readonly id: string;
  /** `commit-safe`, or `stays-up`, `comes-to-rest` for what the engine itself requires. */
  readonly property: string;
  /** What must hold. */
  readonly says: string;
  /** What broke, in the learner's terms. */
  readonly sentence: string;
  readonly witnesses: readonly number[];
  readonly blame: Blame;
  readonly schedule: Schedule;
  /** Every fault in the one notation. */
  readonly faults: readonly string[];
  /** Full command line that shows this again. */
  readonly replay: string;
  /** True when every single deletion was executed and passed. */
  readonly minimal: boolean;
  readonly shrinkRuns: number;
  readonly history: readonly Fact[];
  readonly ending: Ending;
  readonly traceHash: string;
  /** Seen only if it is known: the fault's line first. */
  readonly code: readonly Excerpt[];
  /** The question that fits, by how often this finding was seen before. */
  readonly think?: string;
  /** Which of the chapter's questions about this property that is; each is more concrete than the one before. */
  readonly hint?: { readonly number: number; readonly of: number };
  /** The faults fired in a fresh copy of everything too, with an equal trace hash. */
  readonly confirmed: boolean;
  /** The same commands with nothing done to them, when the request asked for `calm`. */
  readonly calm?: readonly Fact[];
}

export interface Certificate {
  readonly level: Level;
  readonly crashPoints: { readonly tried: number; readonly of: number };
  readonly singles: { readonly tried: number; readonly of: number };
  readonly seconds: { readonly tried: number; readonly of: number };
  readonly random: number;
  /** Faults that never struck although scheduled: not counted as tried. */
  readonly unfired: number;
  /** Distinct trace classes executed. */
  readonly distinct: number;
  /** How often the hard moments really happened: `redeliveries`, `zombies`, `lost commits`, … */
  readonly sometimes: Readonly<Record<string, number>>;
  /** Hard moments of this level that never happened: the check proves too little. */
  readonly never: readonly string[];
  /** In words: what was not tried. */
  readonly untried: readonly string[];
  /** Runs repeated with everything fresh, all with equal trace hashes. */
  readonly repeatedFresh: number;
}

/** What a crash at one phase of a call does, over everything that the call was about. */
export interface Mark {
  /**
   * `survives`; `breaks`; `breaks anyway` = also without the crash; `not tried`; `nothing` = there
   * is no such moment (a call that changes nothing has no "during").
   */
  readonly word: 'survives' | 'breaks' | 'breaks anyway' | 'not tried' | 'nothing';
  /** Moments at which a crash was made, of all that the workload has, and how many broke. */
  readonly tried: number;
  readonly of: number;
  readonly broke: number;
  readonly finding?: MarkFinding;
}

/** The first of what broke. */
export interface MarkFinding {
  /** As in `ReportFinding`; absent where nothing is kept. */
  readonly id?: string;
  readonly property: string;
  readonly sentence: string;
  readonly faults: readonly string[];
  readonly replay?: string;
  /** Run again on demand: the same finding, byte for byte. */
  readonly replayed?: boolean;
}

/** One call in the learner's own files that returned a promise. */
export interface CoveredCall {
  /** Relative to the exercise folder. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  /** The call as written, up to the end of its first line, and that whole line. */
  readonly call: string;
  readonly text: string;
  /** Nobody waits for it, by its place in the code. */
  readonly dropped: boolean;
  /** How the workload comes there: by itself, only when a fault struck (`under`), or not at all. */
  readonly reached: 'workload' | 'fault' | 'never';
  readonly under?: readonly string[];
  /** How often it was called. */
  readonly visits: number;
  readonly before: Mark;
  readonly during: Mark;
  readonly after: Mark;
}

/** Each call of the learner that waits for something, and what dying around it does. */
export interface Coverage {
  /** Beside the example's commands, in the one notation. */
  readonly workload: readonly string[];
  /** Every moment of every call was tried. */
  readonly complete: boolean;
  /** Lines with such calls, and those at which every mark that there is says `survives`. */
  readonly lines: number;
  readonly survive: number;
  readonly sites: readonly CoveredCall[];
  /** Why there is nothing to show. */
  readonly unavailable?: string;
}

export interface Report {
  readonly version: 1;
  /** Folder name: `01-producer-consumer`. */
  readonly chapter: string;
  readonly title: string;
  readonly promise: string;
  readonly level: Level;
  readonly verdict: Verdict;
  readonly findings: readonly ReportFinding[];
  /** Names of the properties that held in every run. */
  readonly held: readonly string[];
  /** Why it is unknown, and what to do. */
  readonly unknown?: {
    readonly sentence: string;
    readonly advice: string;
    readonly code: readonly Excerpt[];
  };
  /** Sentences about the client, the protocol, skipped things. */
  readonly notes: readonly string[];
  readonly certificate?: Certificate;
  /** Where nothing is known (a replay, a live run, a check that could not tell), it says why. */
  readonly coverage?: Coverage;
  readonly world: 'simulated' | 'live';
  /** Live: what was done to each run, in the one notation; `nothing` for the calm one. */
  readonly ran?: readonly string[];
  /** Properties that this world cannot judge. */
  readonly notJudged: readonly string[];
  readonly runs: number;
  /** Schedules that were known when the search ended, where that number means something. */
  readonly planned?: number;
  /** Wall time. */
  readonly seconds: number;
  readonly seed: number;
}

/** The line of a fact, where it is known. */
export type { SourceLine };
