/** A host that stands for whichever process runs now: the surroundings of a library that several share. */
import { EventEmitter } from 'node:events';
import { InvariantError, random } from '#kernel';
import type { Host } from './injected/host.ts';

export function createRoutingHost(current: () => Host | undefined): Host {
  const listeners = new EventEmitter();
  const idle = random(0, 'nobody');
  const now = (): Host => {
    const host = current();
    if (host === undefined) throw new InvariantError('a shared library ran while no process did');
    return host;
  };
  return {
    get slot() {
      return current()?.slot ?? '';
    },
    get incarnation() {
      return current()?.incarnation ?? 0;
    },
    get random() {
      return current()?.random ?? idle;
    },
    get processListeners() {
      return current()?.processListeners ?? listeners;
    },
    nowMs: () => current()?.nowMs() ?? 0,
    monotonicMs: () => current()?.monotonicMs() ?? 0,
    setTimer: (callback, delayMs, repeat) => now().setTimer(callback, delayMs, repeat),
    clearTimer: (entry) => now().clearTimer(entry),
    rearmTimer: (entry) => now().rearmTimer(entry),
    setImmediate: (callback) => now().setImmediate(callback),
    clearImmediate: (entry) => now().clearImmediate(entry),
    nextTick: (callback) => now().nextTick(callback),
    connect: (address) => now().connect(address),
    resolve: (hostname) => now().resolve(hostname),
    write: (stream, text) => now().write(stream, text),
    exit: (code, how) => now().exit(code, how),
    uncontrolled: (what, advice) => now().uncontrolled(what, advice),
  };
}
