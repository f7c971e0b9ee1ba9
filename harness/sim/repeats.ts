/** Who keeps a run from ending, and by what: read off the facts that came last. */
import type { Ending, Fact, SourceLine } from '#check';
import type { Milliseconds } from '#kernel';
import type { Recorder } from './recorder.ts';

interface Repeated {
  readonly what: string;
  readonly line: SourceLine | undefined;
}

const looksBack = 200;
const recentMs = 60_000;

/** `greeter-0 never comes to rest: greeter.ts:14 calls setImmediate again and again.` */
export function never(slot: string, { what, line }: Repeated): Ending {
  const who = line === undefined ? 'it' : `${line.file}:${line.line}`;
  return {
    kind: 'service',
    property: 'comes-to-rest',
    sentence: `${slot} never comes to rest: ${who} calls ${what} again and again.`,
    ...(line && { line }),
  };
}

/** More happened than in any run that ends. */
export function neverEnds(recorder: Recorder): Ending {
  const { slot, what, line } = mostRepeated(recorder, recorder.facts()) ?? {
    ...nobody,
    line: undefined,
  };
  return never(slot, { what, line });
}

const nobody = { slot: 'The service', what: 'something' };

/** What goes on as it is for ever, or that nothing does. */
export function stillChanging(recorder: Recorder, nowMs: Milliseconds): string {
  const recent = recorder.facts().filter(({ atMs }) => nowMs - atMs <= recentMs);
  const repeated = mostRepeated(recorder, recent);
  if (repeated !== undefined) {
    const { slot, what, line } = repeated;
    const where = line === undefined ? '' : ` at ${line.file}:${line.line}`;
    return `${slot} still calls ${what}${where} again and again`;
  }
  const changes = recent.filter(({ kind }) => kind === 'assign');
  const [change] = changes;
  return change?.kind === 'assign' && changes.length > 2
    ? `the group ${change.group} still rebalances again and again`
    : 'nothing more has happened';
}

/** What an instance did most often of late; calls on outside systems before what carries them. */
function mostRepeated(
  recorder: Recorder,
  facts: readonly Fact[],
): (Repeated & { slot: string }) | undefined {
  const counts = new Map<string, { count: number; fact: Fact; slot: string; what: string }>();
  for (const fact of facts.slice(-looksBack)) {
    const call = callOf(fact);
    if (call === undefined) continue;
    const key = `${call.slot} ${call.what}`;
    counts.set(key, { ...call, fact, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const [most] = [...counts.values()].toSorted((a, b) => b.count - a.count);
  if (most === undefined || most.count < 2) return undefined;
  return { slot: most.slot, what: most.what, line: recorder.lineAt(most.fact.seq) };
}

function callOf(fact: Fact): { slot: string; what: string } | undefined {
  switch (fact.kind) {
    case 'port':
      return { slot: fact.slot, what: fact.name };
    case 'append':
      return fact.slot === undefined ? undefined : { slot: fact.slot, what: 'producer.send' };
    case 'commit':
      return fact.slot === undefined
        ? undefined
        : { slot: fact.slot, what: 'consumer.commitOffsets' };
    case 'console':
      return { slot: fact.slot, what: 'console' };
    default:
      return undefined;
  }
}
