/** Chapters, exercises and solutions as data: found by path, checked without running them. */
export { listAttempts, resetExercise, snapshotExercise, type Attempt } from './attempts.ts';
export {
  findChapters,
  loadChapter,
  projectRoot,
  resolveChapter,
  type Chapter,
  type ChapterFolder,
  type Overlay,
} from './chapters.ts';
export { checkChapter, checkChapters } from './check.ts';
export { equalsMaster, schemaOf, sourceFiles, type Source } from './files.ts';
export type { Problem } from './problem.ts';
export { readRegion, type Region } from './regions.ts';
export {
  readChapterText,
  type CapturedReference,
  type ChapterText,
  type CodeReference,
  type Heading,
} from './text.ts';
