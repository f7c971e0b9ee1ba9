/** Search, counterexample, certificate: one check, and what it found as data. */
export { check } from './check.ts';
export type * from './report.ts';
export type * from './request.ts';
