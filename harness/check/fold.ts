/**
 * Folds facts into the moment that properties see, one fact at a time. Arrays grow in place and
 * are handed out as they are, because a run has hundreds of moments and a check has thousands of
 * runs: who wants to keep a moment, folds again.
 */
import type {
  ChapterDefinition,
  CommandView,
  CommittedOffset,
  Moment,
  PortCall,
  RecordView,
} from '#kit';
import { createEffects } from './effects.ts';
import type { CommandFact, CommitFact, Fact, PortFact } from './facts.ts';
import { createRoster } from './roster.ts';
import { asked, type CrashFree, type Sight } from './sight.ts';
import { sinceOf } from './since.ts';
import { createLog } from './visible-log.ts';

export interface Fold {
  readonly push: (fact: Fact) => void;
  /** Changes with every push; the same object all along. */
  readonly moment: Moment;
  readonly sight: Sight;
  /** What failed in the chapter's own code while folding, in sentences. */
  readonly troubles: readonly string[];
}

type Stamped<Kind> = Kind & { readonly seq: number; readonly atMs: number };
type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

const none: readonly RecordView[] = [];

export function createFold(chapter: ChapterDefinition, crashFree?: CrashFree): Fold {
  const facts: Fact[] = [];
  const troubles: string[] = [];
  const calls: PortCall[] = [];
  const log = createLog(chapter, troubles);
  const commands = createCommands();
  const commits = createCommits();
  const roster = createRoster();
  const tables: Mutable<Moment['tables']> = {};
  const effects = createEffects(chapter, { calls, topics: log.topics, tables }, troubles);
  const sight: Mutable<Sight> = {
    ...commands.views,
    atMs: 0,
    topics: log.topics,
    committed: commits.latest,
    groups: roster.groups,
    tables,
    get since() {
      return sinceOf(facts);
    },
    calls,
    instances: roster.instances,
    get effects() {
      return effects.all();
    },
    calm: true,
    restartedAtSeq: undefined,
    facts,
    ...lookUps(chapter, log.visible, crashFree),
    get effectCounts() {
      effects.all();
      return effects.counts;
    },
    get effectsEdition() {
      return effects.edition();
    },
  };

  const push = (fact: Fact): void => {
    facts.push(fact);
    sight.atMs = fact.atMs;
    if (fact.kind === 'command') commands.moved(fact);
    else if (fact.kind === 'commit') commits.moved(fact);
    else if (fact.kind === 'deliver') roster.delivered(fact);
    else if (fact.kind === 'instance') roster.instance(fact);
    else if (fact.kind === 'append') {
      log.appended(fact);
      effects.changed('topics', fact.seq);
    } else if (fact.kind === 'marker') {
      log.marked(fact);
      effects.changed('topics', fact.seq);
    } else if (fact.kind === 'port') {
      calls.push(callOf(fact));
      effects.changed('calls', fact.seq);
    } else if (fact.kind === 'table') {
      Object.assign(tables, fact.tables);
      effects.changed('tables', fact.seq);
    } else if (fact.kind === 'assign') {
      // A group may find its members until it has read something.
      if (roster.hasRead.has(fact.group)) sight.calm = false;
      roster.assigned(fact);
    } else if (fact.kind === 'fault') {
      sight.calm = false;
      if (restartsEverything(fact.fault)) sight.restartedAtSeq ??= fact.seq;
    }
  };

  return { push, moment: sight, sight, troubles };
}

/** Folds a stored history. */
export function fold(facts: Iterable<Fact>, chapter: ChapterDefinition): Fold {
  const folded = createFold(chapter);
  for (const fact of facts) folded.push(fact);
  return folded;
}

/** By the one notation of faults. */
export function restartsEverything(fault: string): boolean {
  return fault.startsWith('restart everything at rest');
}

function lookUps(
  chapter: ChapterDefinition,
  visible: ReadonlyMap<string, RecordView[][]>,
  crashFree: CrashFree | undefined,
) {
  return {
    chapter,
    crashFree,
    visible: (topic: string, partition: number) => visible.get(topic)?.[partition] ?? none,
    partitions: (topic: string) => visible.get(topic)?.length ?? 0,
    skipped(record: RecordView): string | undefined {
      const { skip } = chapter.flow;
      return skip && asked('flow.skip', () => skip(record));
    },
    isDone(this: Sight, record: RecordView): boolean {
      if (record.command === undefined || this.effectCounts.has(record.command)) return true;
      return this.skipped(record) !== undefined;
    },
  };
}

function callOf(fact: Stamped<PortFact>): PortCall {
  const { name, args, outcome, slot, incarnation, seq, atMs } = fact;
  return { name, args, outcome, slot, incarnation, seq, atMs };
}

/**
 * A command keeps its place and its first `seq`; an answer to a repeated sending only ever
 * improves its state.
 */
function createCommands() {
  const done: CommandView[] = [];
  const unknown: CommandView[] = [];
  const sent: CommandView[] = [];
  const places = new Map<string, number>();

  const moved = (fact: Stamped<CommandFact>): void => {
    const { id, state, value, closing, result, seq, atMs } = fact;
    const place = places.get(id);
    const before = place === undefined ? undefined : sent[place];
    if (before === undefined || place === undefined) {
      const view = { id, value: value as CommandView['value'], state, closing, seq, atMs };
      places.set(id, sent.push(view) - 1);
      if (state !== 'sent') (state === 'acked' ? done : unknown).push(view);
      return;
    }
    if (state === 'sent' || before.state === 'acked' || before.state === state) return;
    const view = { ...before, state, ...(result !== undefined && { result }) };
    sent[place] = view;
    if (before.state === 'unknown') unknown.splice(unknown.indexOf(before), 1);
    (state === 'acked' ? done : unknown).push(view);
  };

  return { moved, views: { done, unknown, sent } };
}

/** The latest commit of each group and partition, in the order in which they first committed. */
function createCommits() {
  const latest: CommittedOffset[] = [];
  const places = new Map<string, number>();
  const moved = ({ group, topic, partition, offset, slot, seq, atMs }: Stamped<CommitFact>) => {
    const view = { group, topic, partition, offset, bySlot: slot, seq, atMs };
    const key = `${group} ${topic}/${partition}`;
    const place = places.get(key);
    if (place === undefined) places.set(key, latest.push(view) - 1);
    else latest[place] = view;
  };
  return { latest, moved };
}
