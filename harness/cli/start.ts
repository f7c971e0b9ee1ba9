/**
 * `npm start`: the workbench in the browser, on loopback, until Ctrl+C. A busy port is said, not
 * worked around: an address that moves is an address nobody can keep open. What the page tells of a
 * check is what the terminal would print. Exit codes: 2 wrong usage or a busy port, 5 trouble.
 */
import { parseArgs } from 'node:util';
import { Failure } from '#kernel';
import type { Telling } from '#workbench';
import { excerptFor } from './failures.ts';
import { misused, runAndExit, type ExitCode } from './main.ts';
import { renderCoverage, renderReport } from './story/render.ts';
import {
  renderDoesNotLoad,
  renderTrouble,
  renderUncontrolled,
  renderUsage,
} from './story/trouble.ts';
import { progressText, terminal } from './terminal.ts';

const defaultPort = 4400;

const telling: Telling = {
  progress: progressText,
  story: (report, columns) =>
    renderReport(report, { columns, color: false, plain: false, full: false }),
  painted: (report, columns) => renderCoverage(report, { columns, color: false }),
  failure(error, chapter, columns) {
    const options = { columns, color: false };
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof Failure ? error.code : 'TROUBLE';
    if (code === 'DOES_NOT_LOAD') {
      return renderDoesNotLoad(message, excerptFor(message, [chapter.exercisePath]), options);
    }
    if (code === 'UNCONTROLLED') return renderUncontrolled(message, options);
    if (code !== 'TROUBLE') return renderUsage(message, `npx crash ${chapter.number}`, options);
    console.error(error);
    return renderTrouble(message, 'what the terminal of npm start shows', options);
  },
};

async function start(argv: readonly string[]): Promise<ExitCode> {
  const port = portOf(argv, process.env['npm_config_port']);
  if (typeof port === 'string') {
    return misused({ kind: 'misuse', sentence: port, example: exampleFor(argv) });
  }
  const { serveWorkbench } = await import('#workbench');
  try {
    const { address, close } = await serveWorkbench({
      port,
      telling,
      onTrouble: (error) => console.error(error),
    });
    // A check in the middle of its work would notice only later that we are gone.
    process.once('exit', () => void close());
    process.stdout.write(`The workbench is at ${address}\nCtrl+C ends it.\n`);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'PORT_BUSY') throw error;
    const other = `npm start -- --port ${port < 65_535 ? port + 1 : defaultPort}`;
    const advice = `${error.message} Take another one:`;
    process.stderr.write(renderUsage(advice, other, terminal(process.stderr)));
    return 2;
  }
  return new Promise<ExitCode>(() => {});
}

/** A port, or what is wrong as a sentence. npm keeps `--port` without `--` for itself. */
function portOf(argv: readonly string[], keptByNpm: string | undefined): number | string {
  if (keptByNpm !== undefined) return 'npm keeps options for itself. Two dashes let them through:';
  try {
    const { values } = parseArgs({ args: [...argv], options: { port: { type: 'string' } } });
    const port = values.port ?? String(defaultPort);
    if (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535) return Number(port);
    return `--port takes a number up to 65535, not ${port}.`;
  } catch {
    return 'npm start takes one option, the port.';
  }
}

function exampleFor(argv: readonly string[]): string {
  const number = [...argv, process.env['npm_config_port'] ?? ''].find((word) =>
    /^[1-9]\d{3,4}$/.test(word),
  );
  return `npm start -- --port ${number ?? defaultPort + 1}`;
}

await runAndExit(() => start(process.argv.slice(2)));
