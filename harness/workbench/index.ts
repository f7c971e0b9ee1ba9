/** The workbench in the browser: chapters to read, a check to run, its story to see. */
export { serveWorkbench, type Workbench, type WorkbenchOptions } from './server.ts';
export { chapterText, type DrawnText } from './chapter-text.ts';
export type { Told, Telling } from './check-stream.ts';
