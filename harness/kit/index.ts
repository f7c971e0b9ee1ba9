/** The only surface of the harness that chapters and learners import. */
export * from './chapter.ts';
export * from './moment.ts';
export type * from './service.ts';
