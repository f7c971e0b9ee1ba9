export * from './fault-rules.ts';
export * from './notation.ts';
export * from './parse.ts';
export type * from './schedule.ts';
export { printName, type Parsed } from './words.ts';
