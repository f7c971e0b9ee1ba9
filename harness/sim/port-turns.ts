/**
 * Turns of calls on a port: those of one key act in the order in which they came, so that what is late, or was left
 * behind by a process that died, acts before the next of its key, or never. Calls without a key wait for nobody.
 */
export interface Turns<Call> {
  came(call: Call, key: string | undefined): void;
  /** At once, or when all of its key that came before have left. */
  inTurn(call: Call, act: () => void): void;
  /** It has acted, or never will. */
  left(call: Call): void;
}

/** `later` runs what comes next when the present step is over. */
export function createTurns<Call>(later: (go: () => void) => void): Turns<Call> {
  const lines = new Map<string, Call[]>();
  const keys = new Map<Call, string>();
  const waiting = new Map<Call, () => void>();
  const lineOf = (call: Call): Call[] => lines.get(keys.get(call) ?? '') ?? [];
  return {
    came(call, key) {
      if (key === undefined) return;
      keys.set(call, key);
      lines.set(key, [...lineOf(call), call]);
    },
    inTurn(call, act) {
      if (!keys.has(call) || lineOf(call)[0] === call) act();
      else waiting.set(call, act);
    },
    left(call) {
      const key = keys.get(call);
      if (key === undefined) return;
      const others = lineOf(call).filter((each) => each !== call);
      if (others.length > 0) lines.set(key, others);
      else lines.delete(key);
      keys.delete(call);
      waiting.delete(call);
      const [next] = others;
      const act = next && waiting.get(next);
      if (next === undefined || act === undefined) return;
      waiting.delete(next);
      later(act);
    },
  };
}
