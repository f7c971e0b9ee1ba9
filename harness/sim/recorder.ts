/**
 * Writes the history of a run and the two hashes over it. Bytes are hashed as they cross, facts once at the end.
 * Source lines are known on replay only; they join the facts after hashing, so that a traced run hashes as a plain one.
 */
import { createHash } from 'node:crypto';
import type { Fact, SourceLine, Unstamped } from '#check';
import type { Milliseconds } from '#kernel';

export interface Recorder {
  /** Returns the fact's `seq`. */
  add(fact: Unstamped, line?: SourceLine): number;
  /** Bytes that reached the other side, with the connection and the direction. */
  bytes(direction: '>' | '<', connection: number, bytes: Uint8Array): void;
  /** One step of the trace class. */
  step(text: string): void;
  facts(): readonly Fact[];
  finish(): { facts: readonly Fact[]; traceHash: string; traceClass: string };
  /** Sequence number of the last fact that says that something changed; -1 = none. */
  lastChange(): number;
  /** The learner's line of a fact, on traced runs. */
  lineAt(seq: number): SourceLine | undefined;
}

/** Facts that change nothing for anybody: they do not keep a world from coming to rest. */
const silent = new Set<Fact['kind']>(['operation', 'console', 'client']);

/**
 * Whoever is told something is about to do something else, perhaps after a pause of its own. Only so
 * often since something really changed: some ask again for ever.
 */
const mostAnswers = 20;

export function createRecorder(now: () => Milliseconds, changed: () => void): Recorder {
  const facts: Fact[] = [];
  const lines = new Map<number, SourceLine>();
  const hash = createHash('sha256');
  const steps: string[] = [];
  let lastChange = -1;
  let answers = 0;
  let pending: Uint8Array[] = [];
  let pendingSize = 0;

  const flush = (): void => {
    for (const bytes of pending) hash.update(bytes);
    pending = [];
    pendingSize = 0;
  };

  return {
    add(fact, line) {
      const seq = facts.length;
      facts.push({ seq, atMs: now(), ...fact });
      if (line !== undefined) lines.set(seq, line);
      if (!silent.has(fact.kind)) {
        lastChange = seq;
        answers = 0;
        changed();
      } else if (isAnswer(fact) && ++answers <= mostAnswers) changed();
      return seq;
    },
    bytes(direction, connection, bytes) {
      pending.push(Buffer.from(`${direction}${connection}@${now()}:`, 'latin1'), bytes);
      pendingSize += bytes.length;
      if (pendingSize > 65_536) flush();
    },
    step: (text) => {
      steps.push(text);
    },
    facts: () => facts,
    finish() {
      flush();
      hash.update(JSON.stringify(facts));
      const traceHash = hash.digest('hex');
      const traceClass = createHash('sha256').update(steps.join('\n')).digest('hex').slice(0, 16);
      for (const [seq, line] of lines) {
        const fact = facts[seq];
        if (fact !== undefined) facts[seq] = { ...fact, line } as Fact;
      }
      return { facts, traceHash, traceClass };
    },
    lastChange: () => lastChange,
    lineAt: (seq) => lines.get(seq),
  };
}

function isAnswer(fact: Unstamped): boolean {
  return fact.kind === 'operation' && fact.step === 'answered';
}
