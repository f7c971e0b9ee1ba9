/**
 * Consumers that crashed inside a process that lives on, and that nobody started again. A client
 * that restarts its consumer shows it by joining or reading again, or logs that it will, so the
 * sign is silence after the crash. A log that is turned off is silence too.
 */
import type { Sight } from './sight.ts';

export interface DeadConsumer {
  readonly slot: string;
  /** `SyntaxError: Unexpected token …`, as far as it is known. */
  readonly reason: string;
  /** Groups it was ever in. */
  readonly groups: readonly string[];
  readonly seq: number;
}

/** How kafkajs logs it, should the world pass on the log line only. */
const logged = /\[Consumer\] Crash: ([^"\n]*)/;
const restarting = '[Consumer] Restarting the consumer in ';

export function deadConsumers(sight: Sight): readonly DeadConsumer[] {
  const crashed = new Map<string, DeadConsumer>();
  const memberships = new Map<string, Set<string>>();
  for (const fact of sight.facts) {
    if (fact.kind === 'assign') {
      for (const { slot } of fact.members) {
        if (slot === undefined) continue;
        crashed.delete(slot);
        memberships.set(slot, (memberships.get(slot) ?? new Set<string>()).add(fact.group));
      }
      continue;
    }
    if (fact.kind === 'deliver') crashed.delete(fact.slot);
    if (fact.kind === 'instance' && fact.state === 'starts') crashed.delete(fact.slot);
    if (restartsItself(fact)) crashed.delete(fact.slot);
    const detail = crashOf(fact);
    if (detail === undefined || !('slot' in fact) || fact.slot === undefined) continue;
    const { slot, seq } = fact;
    const groups = [...(memberships.get(slot) ?? [])];
    // The first one tells the reason; what follows is its echo.
    if (!crashed.has(slot)) crashed.set(slot, { slot, reason: detail, groups, seq });
  }
  return [...crashed.values()].filter(({ slot }) =>
    sight.instances.some(
      (instance) => instance.slot === slot && ['ready', 'starting'].includes(instance.state),
    ),
  );
}

/** kafkajs says so right after the crash, and joins again some time later. */
function restartsItself(fact: Sight['facts'][number]): fact is typeof fact & { slot: string } {
  if (fact.kind === 'client') {
    return fact.event === 'log' && (fact.detail ?? '').startsWith(restarting);
  }
  return fact.kind === 'console' && fact.text.includes(restarting);
}

function crashOf(fact: Sight['facts'][number]): string | undefined {
  if (fact.kind === 'client' && fact.event === 'consumer.crash') {
    const at = fact.line === undefined ? '' : ` at ${fact.line.file}:${fact.line.line}`;
    return reasonIn(fact.detail) + at;
  }
  if (fact.kind !== 'console') return undefined;
  const line = logged.exec(fact.text);
  return line === null ? undefined : reasonIn(line[1]);
}

/**
 * The error as the client logged it, or its name alone where the rest would read like a slip of
 * ours.
 */
function reasonIn(detail: string | undefined): string {
  const [line = ''] = (detail ?? '').split('\n');
  const reason = line.trim().replace(/\.$/, '');
  const [name = ''] = reason.split(':');
  return (/\bundefined\b/.test(reason) ? name : reason) || 'an error';
}
