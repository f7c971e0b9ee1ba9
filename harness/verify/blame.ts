/**
 * Whose fault is a finding? `client` = the chapter's own solution breaks the same property under the same faults, and
 * they really struck. Only `service` fails a learner. Protocol and neutralised client defects come with transactions.
 */
import type { Finding } from '#check';
import type { Outcome, Runner } from './engine/outcome.ts';
import type { Blame } from './report.ts';

export type Blamer = (outcome: Outcome, finding: Finding) => Promise<Blame>;

/** Nothing to compare with: the solution itself is judged. */
export const alwaysService: Blamer = () => Promise.resolve('service');

/** `reference` must be a prepared program of the runner. */
export function blamer(runner: Runner, reference: string): Blamer {
  return async ({ schedule, fired, held }, finding) => {
    if (schedule.faults.length === 0) return 'service';
    const same = await runner.run(schedule, { program: reference });
    const struckAlike = same.fired.length === fired.length && same.held.length === held.length;
    const breaksToo = same.findings.some(({ property }) => property === finding.property);
    return struckAlike && fired.length > 0 && breaksToo ? 'client' : 'service';
  };
}
