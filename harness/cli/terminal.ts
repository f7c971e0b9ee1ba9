/**
 * What is known about the place we write to, and the one line that moves: progress, on a terminal
 * only.
 */
import type { CheckProgress } from '#verify';
import { plural } from './story/words.ts';

export interface Terminal {
  readonly columns: number;
  readonly color: boolean;
  /** Somebody is watching. */
  readonly live: boolean;
}

export function terminal(
  stream: { isTTY?: boolean; columns?: number } = process.stdout,
  env: NodeJS.ProcessEnv = process.env,
): Terminal {
  const live = stream.isTTY === true;
  const wanted = Number(env['COLUMNS']);
  const columns = stream.columns === undefined ? (wanted >= 40 ? wanted : 100) : usable(stream);
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0';
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return { columns, color: !refused && (live || forced), live };
}

/** Some terminals do not know their size, or say 0; below 40 no table can be read. */
function usable({ columns = 80 }: { columns?: number }): number {
  return columns >= 40 ? columns : 80;
}

export interface Progress {
  show(event: CheckProgress): void;
  clear(): void;
}

const phases: Readonly<Record<CheckProgress['phase'], string>> = {
  preparing: 'reading your code',
  saved: 'what broke before',
  calm: 'the calm run',
  singles: 'every single fault',
  coverage: 'dying around every call',
  seconds: 'second faults',
  random: 'random mixes',
  shrinking: 'making it smaller',
  confirming: 'making sure',
};

/** Silent where nobody watches: logs and pipes get the result alone. */
export function progressLine(
  stream: NodeJS.WriteStream = process.stderr,
  intervalMs = 80,
): Progress {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} };
  let last = 0;
  let shown = false;
  return {
    show(event) {
      const now = performance.now();
      if (now - last < intervalMs) return;
      last = now;
      shown = true;
      stream.write(`\r\u001b[K${progressText(event)}`.slice(0, (stream.columns || 80) + 3));
    },
    clear() {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}

export function progressText(progress: CheckProgress): string {
  const { phase, runs, done, of, broken, waitsFor } = progress;
  const count = of === undefined ? '' : ` ${done} of ${of}`;
  const waits = waitsFor === undefined ? '' : ` · ${waitsFor}`;
  // Here each run is an attempt to leave something out of the one schedule that broke.
  if (phase === 'shrinking') {
    return `  ${phases[phase]}${runs === 0 ? '' : ` · ${plural(runs, 'attempt')}`}${waits}`;
  }
  const ran = runs === 0 ? '' : ` · ${plural(runs, 'schedule')} run`;
  const found = broken > 0 ? ` · ${broken} broken` : '';
  return `  ${phases[phase]}${count}${ran}${found}${waits}`;
}
