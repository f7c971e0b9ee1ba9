/**
 * Whose fault is a finding? `client` = a known defect of the client shows in the run, the finding
 * goes away in a kinder world in which the defect does no harm, and none of the chapter's right
 * services, to which all faults of the run happened as well, came through. Else `service`: only that
 * fails a learner. Left out: faults of the protocol itself.
 */
import { canonicalSchedule } from '#schedule';
import type { Finding } from '#check';
import { clientDefects, type ClientDefect } from './client-defects.ts';
import type { Outcome, Runner } from './engine/outcome.ts';
import type { Blame } from './report.ts';

export interface Blamed {
  readonly blame: Blame;
  /** What the client does, with the client as subject; only where it is to blame. */
  readonly because?: string;
}

export type Blamer = (outcome: Outcome, finding: Finding) => Promise<Blamed>;

const service: Blamed = { blame: 'service' };

/** Nothing to compare with: the solution itself is judged. */
export const alwaysService: Blamer = () => Promise.resolve(service);

/** The first finding that is the service's own; of what is not, a note says whose it is. */
export async function firstOwn(
  outcome: Outcome,
  blame: Blamer,
  notes: Set<string>,
  only?: string,
): Promise<Finding | undefined> {
  for (const finding of outcome.findings) {
    if (only !== undefined && finding.property !== only) continue;
    // oxlint-disable-next-line no-await-in-loop
    const { blame: whose, because = 'is at fault' } = await blame(outcome, finding);
    if (whose === 'service') return finding;
    notes.add(`${finding.sentence} Not your code: kafkajs ${because}.`);
  }
  return undefined;
}

/**
 * `references`: names of prepared programs of the runner, the chapter's solution and its variants;
 * asked for only when a defect shows.
 */
export function blamer(runner: Runner, references: () => Promise<readonly string[]>): Blamer {
  return async (outcome, finding) => {
    const { facts = [] } = outcome;
    for (const defect of clientDefects) {
      if (!defect.fired(facts)) continue;
      if (await staysInKinderWorld(runner, outcome, finding, defect)) continue;
      if (await someComesThrough(runner, outcome, finding, await references())) return service;
      return { blame: 'client', because: defect.says };
    }
    return service;
  };
}

async function staysInKinderWorld(
  runner: Runner,
  { schedule }: Outcome,
  finding: Finding,
  defect: ClientDefect,
): Promise<boolean> {
  const { schedule: kinder, ...world } = defect.kinder(schedule);
  const isSame = canonicalSchedule(kinder) === canonicalSchedule(schedule);
  if (isSame && world.hidesAborted === undefined) return true;
  return breaks(await runner.run(kinder, { program: 'subject', ...world }), finding);
}

/** Faults that never struck prove nothing; where they struck nobody, nobody is a witness. */
async function someComesThrough(
  runner: Runner,
  { schedule, fired, held }: Outcome,
  finding: Finding,
  references: readonly string[],
): Promise<boolean> {
  let witnesses = 0;
  for (const program of references) {
    const same = await runner.run(schedule, { program });
    if (same.fired.length < fired.length || same.held.length < held.length) continue;
    witnesses += 1;
    if (!breaks(same, finding)) return true;
  }
  return witnesses === 0;
}

function breaks({ findings }: Outcome, { property }: Finding): boolean {
  return findings.some((each) => each.property === property);
}
