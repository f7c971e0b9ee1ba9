/** Names calls and statements of a live run as the simulated world names them. */
import type { Chapter } from '#content';
import type { Naming, SqlSession } from '#live';
import { StatementReader, type Frame } from '#postgres';
import type { ScheduledCommand } from '#schedule';
import { CommandIds, continued, mayHaveCommitted, nameGroup, noTransaction } from '#sim';

export function namingOf(
  { definition }: Chapter,
  commands: readonly Pick<ScheduledCommand, 'id'>[],
): Naming {
  const ids = new CommandIds();
  for (const { id } of commands) ids.add(id);
  const { statement } = definition.flow;
  const causeOf = (values: readonly (string | null)[]): readonly string[] => {
    try {
      return statement?.(values) ?? ids.among(values);
    } catch {
      return []; // what the chapter cannot read is about no command
    }
  };
  return {
    learn: (command) => ids.add(command),
    among: (values) => ids.among(values),
    session: () => sessionOf(causeOf),
  };
}

function sessionOf(causeOf: (values: readonly (string | null)[]) => readonly string[]): SqlSession {
  const reader = new StatementReader();
  let transaction = noTransaction;
  return {
    asks(frames: readonly Frame[], isOpen: boolean) {
      const { operations } = reader.read(frames);
      const named = nameGroup(operations, transaction, ({ values }) => causeOf(values));
      const { nature, verbs, operation, target, cause } = named;
      const ends = verbs.includes('COMMIT') || (!isOpen && !verbs.includes('BEGIN'));
      const isPlace = nature === 'change' || nature === 'commit';
      return {
        operation,
        target,
        cause,
        isPlace,
        commits: isPlace && ends,
        answered(stillOpen) {
          const seen = mayHaveCommitted(transaction, named, stillOpen);
          transaction = continued(transaction, named, stillOpen);
          return seen;
        },
      };
    },
  };
}
