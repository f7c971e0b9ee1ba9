/** Clock, randomness, errors, invariant: what every module may use and nothing of ours is under. */
export { every, stopwatch, wallMs, within } from './clock.ts';
export { Failure, type FailureCode } from './failure.ts';
export { invariant, InvariantError, unreachable } from './invariant.ts';
export { canonical, type Json } from './json.ts';
export { hashName, random, type Random } from './random.ts';

/** Virtual or real milliseconds since the Unix epoch, or a length of time where the name says so. */
export type Milliseconds = number;
export { keepCompiled, keepingCompiled, writeCompiled } from './compile-cache.ts';
