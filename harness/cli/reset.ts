/** `crash reset 1`: the exercise as it was handed out; what stood there is kept. */
import { relative } from 'node:path';
import { resetExercise, resolveChapter } from '#content';

export async function reset(name: string): Promise<0> {
  const chapter = await resolveChapter(name);
  const kept = await resetExercise(chapter, new Date().toISOString());
  const here = (path: string): string => relative(process.cwd(), path) || path;
  process.stdout.write(
    `${here(chapter.exercisePath)} is as it was handed out.\n` +
      (kept ? `What you had is in ${here(kept.path)}.\n` : ''),
  );
  return 0;
}
