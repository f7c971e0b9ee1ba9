/** The words of the terminal, as `npm start` hands them to the pages. */
import { progressText } from '../../harness/cli/terminal.ts';
import { renderCoverage, renderReport } from '../../harness/cli/story/render.ts';
import type { Telling } from '#workbench';

export const telling: Telling = {
  progress: progressText,
  story: (report, columns) =>
    renderReport(report, { columns, color: false, plain: false, full: false }),
  painted: (report, columns) => renderCoverage(report, { columns, color: false }),
  failure: (error) => String(error),
};
