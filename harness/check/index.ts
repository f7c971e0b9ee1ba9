/** Facts, properties and verdicts: what a run recorded, and what it proves. Pure. */
export * from './facts.ts';
export type * from './run-record.ts';
export { fold, createFold, restartsEverything, type Fold } from './fold.ts';
export { judge, type Finding, type Judgement } from './judge.ts';
export { sharedProperties } from './shared-properties.ts';
export { crashFreeOf } from './properties/crash-consistent.ts';
export type { Breach, CrashFree, SharedDefinition, Sight } from './sight.ts';
export { mentions } from './mentions.ts';
export { lastingRefusal, refusals, type Refusal } from './refusals.ts';
export { Visibility } from './visibility.ts';
export { firstDivergence, type Divergence } from './divergence.ts';
export {
  countHardMoments,
  expectedHardMoments,
  hardMoments,
  type HardMoment,
} from './sometimes.ts';
