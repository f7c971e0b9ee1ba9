/** The door to the engine, opened only when something is to be checked. */
import type { CheckRequest, Report } from '#verify';

export type Check = (request: CheckRequest) => Promise<Report>;

export async function engine(): Promise<Check> {
  const { check } = (await import('#verify')) as unknown as { readonly check: Check };
  return check;
}
