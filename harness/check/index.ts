export * from './facts.ts';
export type * from './run-record.ts';
