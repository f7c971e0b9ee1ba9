/** Search, counterexample, certificate: one check, and what it found as data. */
export { check, checkLive } from './check.ts';
export type { LiveLimits } from './check-live.ts';
export type * from './report.ts';
export type * from './request.ts';
export { openEngine, type Engine, type EngineRequest, type Searched } from './open-engine.ts';
export {
  claimsOf,
  gateDefaults,
  tryClaim,
  trySeeds,
  type Claim,
  type GateOptions,
  type Trial,
} from './gate.ts';
export type { DebugRequest, DebugSession } from './debug.ts';
export { openDebug } from './open-debug.ts';
export { hashesOf, type HashRequest, type HashRow } from './hashes.ts';
export { openInProcess, type InProcess } from './in-process.ts';
