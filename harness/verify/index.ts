export type * from './report.ts';
export type * from './request.ts';
