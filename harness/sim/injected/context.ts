/**
 * AsyncLocalStorage across timers and sockets, as Node carries it: a callback runs in the context in
 * which it was handed over, and what it enters ends with it.
 *
 * Only for processes that asked for `node:async_hooks`: for all others there is nothing to carry,
 * and timers stay cheap.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Host } from './host.ts';

const users = new WeakSet<Host>();

/** From now on callbacks of this process carry their context. */
export const startCarrying = (host: Host): void => void users.add(host);

export function inContext<Args extends unknown[]>(
  host: Host,
  callback: (...args: Args) => void,
): (...args: Args) => void {
  return users.has(host) ? AsyncLocalStorage.bind(callback) : callback;
}
