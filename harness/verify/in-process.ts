/**
 * One service of a chapter in this very thread: for measuring a run and nothing around it. The
 * service is the course's own; a learner's belongs into a process of its own (`check`).
 */
import type { Chapter } from '#content';
import type { ChapterDefinition, Command } from '#kit';
import type { Schedule } from '#schedule';
import type { Outcome } from './engine/outcome.ts';

export interface InProcess {
  readonly definition: ChapterDefinition;
  run(schedule: Schedule, options?: { readonly fresh?: boolean }): Promise<Outcome>;
  /** The chapter's example with more commands after it, calm. */
  exampleWith(more: readonly Command[]): Schedule;
  /** Every crash that is possible at level 1, one a schedule; runs the calm schedule once. */
  crashes(calm: Schedule): Promise<readonly Schedule[]>;
  /** Ends its database, where it has one. */
  close(): Promise<void>;
}

export async function openInProcess(
  chapter: Chapter,
  folders: readonly string[],
): Promise<InProcess> {
  const { createProgram } = await import('./engine/program.ts');
  const { createDatabases } = await import('./engine/databases.ts');
  const { databaseCache } = await import('./engine/database-cache.ts');
  const { exampleOf, program } = await import('./run-check.ts');
  const { singles } = await import('#schedule');
  const { definition } = chapter;
  const { bundle, schema } = await program(chapter, folders, chapter.root);
  const databases = createDatabases(databaseCache(chapter.root));
  const { run } = createProgram(definition, bundle, schema && databases.open(definition, schema));
  return {
    definition,
    run: (schedule, options = {}) => run(schedule, options),
    exampleWith(more) {
      const example = exampleOf(chapter, 42);
      const idOf = definition.workload.id as (command: Command) => string;
      const added = more.map((value) => ({ id: idOf(value), value }));
      return { ...example, commands: [...example.commands, ...added] };
    },
    async crashes(schedule) {
      const { crossings = [], facts = [] } = await run(schedule, {
        wantCrossings: true,
        wantFacts: true,
      });
      return singles({ chapter: definition, level: 1, calm: { schedule, crossings, facts } })
        .filter(({ family }) => family === 'crash')
        .map((candidate) => candidate.schedule);
    },
    close: () => databases.close(),
  };
}
