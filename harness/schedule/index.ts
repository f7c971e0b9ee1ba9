/** Schedules: the notation, what can go wrong at a level, random mixes, shrinking, files. Pure. */
export { crashPoints, roleOf, strikable, type ChapterFaults } from './crossing-view.ts';
export {
  scaledSchedules,
  singles,
  slotsOf,
  type Calm,
  type Candidate,
  type EnumerateInput,
} from './enumerate.ts';
export * from './fault-rules.ts';
export { canonicalSchedule, parseSchedule, printSchedule, readSchedule } from './file.ts';
export { healthySqlErrors, sqlStates, type SqlMoment } from './healthy-sql.ts';
export { levelOf } from './levels.ts';
export * from './notation.ts';
export * from './parse.ts';
export { withoutZombies, type Family } from './point-faults.ts';
export type * from './schedule.ts';
export { seconds, type SecondsInput } from './seconds.ts';
export { nearest, nearestFew, printName, type Parsed } from './words.ts';
export { createGenerator, scheduleArbitrary, type GenerateInput } from './generate.ts';
export { shrink, type Evidence, type ShrinkOptions, type Shrunk, type Witness } from './shrink.ts';
