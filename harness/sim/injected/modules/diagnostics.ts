/**
 * `node:diagnostics_channel` with channels of one incarnation: in Node they live as long as the
 * thread, so a subscription would survive a crash.
 */
import type { Channel } from 'node:diagnostics_channel';
import type { Globals } from '../globals.ts';

type Name = string | symbol;
type Listener = (message: unknown, name: Name) => void;

const stages = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

export function createDiagnostics(_globals: Globals): unknown {
  const real = process.getBuiltinModule('node:diagnostics_channel');
  const channels = new Map<Name, Channel>();
  const channel = (name: Name): Channel => {
    let known = channels.get(name);
    if (known === undefined) {
      // A name that nobody else has, so that the thread's register cannot find it again.
      known = Object.assign(real.channel(Symbol(String(name))), { name });
      channels.set(name, known);
    }
    return known;
  };
  return {
    channel,
    Channel: real.Channel,
    hasSubscribers: (name: Name) => channel(name).hasSubscribers,
    subscribe: (name: Name, listener: Listener) => channel(name).subscribe(listener),
    unsubscribe: (name: Name, listener: Listener) => channel(name).unsubscribe(listener),
    tracingChannel: (name: string | object) =>
      real.tracingChannel(
        typeof name === 'string'
          ? (Object.fromEntries(
              stages.map((stage) => [stage, channel(`tracing:${name}:${stage}`)]),
            ) as never)
          : (name as never),
      ),
  };
}
