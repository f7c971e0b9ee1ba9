/** The simulated world: unmodified services in virtual time, one event at a time. */
export { bundle, type Bundle, type BundleRequest } from './bundle/bundle.ts';
export { LoadFailure, type LoadProblem } from './bundle/load-failure.ts';
export { firstLearnerFrame, mapText, positionOf, scriptName } from './bundle/stacks.ts';
export { CommandIds } from './command-ids.ts';
export { createLoader, type BundleLoader } from './loader.ts';
export { type PortBackend } from './port-lane.ts';
export { portsOf } from './ports.ts';
export { pump } from './pump.ts';
export { createWorld, epochMs } from './simulated-world.ts';
export { continued, mayHaveCommitted, nameGroup, noTransaction } from './sql-operations.ts';
export type { CallSite } from './bundle/sites.ts';
export type { Visit, VisitLog } from './visits.ts';
export type { Loader, World, WorldOptions } from './world.ts';
