/** Hard moments of a database, counted from facts as the others are. */
import type { Fact, OperationFact } from './facts.ts';
import type { HardMoment } from './sometimes.ts';

export const databaseMoments: readonly HardMoment[] = [
  {
    name: 'lost answers to commits',
    says: 'changes that the database kept and that nobody was told of',
    level: 1,
    by: ['crash', 'lose-response', 'outage'],
    needs: 'tables',
    count: unheardCommits,
  },
  {
    name: 'outages',
    says: 'whiles in which an outside system or the database took nothing',
    level: 2,
    by: ['outage'],
    count: (facts) =>
      facts.filter((fact) => fact.kind === 'fault' && fact.fault.startsWith('outage ')).length,
  },
  {
    name: 'serialization failures',
    says: 'transactions that failed because others got in between',
    by: ['error'],
    count: answered('40001'),
  },
  {
    name: 'deadlocks',
    says: 'transactions that failed because several waited for each other',
    by: ['error', 'victim'],
    count: answered('40P01'),
  },
  {
    name: 'taken keys',
    says: 'rows that were refused because their key was there already',
    by: [],
    count: answered('23505'),
  },
  {
    name: 'waits for locks',
    says: 'statements that waited for what another transaction had',
    level: 2,
    by: ['lock'],
    onDemand: true,
    count: (facts) =>
      facts.filter((fact) => fact.kind === 'operation' && fact.step === 'waits').length,
  },
];

/** Errors as PostgreSQL answered them: the SQLSTATE, and perhaps its words. */
function answered(code: string): HardMoment['count'] {
  return (facts) =>
    facts.filter(
      (fact) =>
        fact.kind === 'operation' &&
        fact.step === 'answered' &&
        (fact.error === code || fact.error?.startsWith(`${code} `) === true),
    ).length;
}

/** A change stands behind the statement that committed it; an answer to that comes later or never. */
function unheardCommits(facts: readonly Fact[]): number {
  const unheard = new Set<string>();
  let applied: OperationFact | undefined;
  for (const fact of facts) {
    if (fact.kind === 'operation') {
      if (fact.step === 'applied') applied = fact;
      else if (fact.step === 'answered') unheard.delete(nameOf(fact));
    } else if (fact.kind === 'table') {
      const isOurs = applied?.slot === fact.slot && applied?.incarnation === fact.incarnation;
      if (applied !== undefined && isOurs) unheard.add(nameOf(applied));
    }
  }
  return unheard.size;
}

function nameOf({ slot, incarnation, operation, target, cause, ordinal }: OperationFact): string {
  return `${slot}#${incarnation} ${operation} ${target} (${cause.join(' ')}) #${ordinal}`;
}
