/**
 * Which of the lines that the service printed are quoted below the table: those of the instances in
 * it, about the commands of the finding or close to what struck; else the last ones.
 */
import { mentions, type Fact } from '#check';
import type { Reading } from './reading.ts';
import type { Focus, Row } from './rows.ts';

export type Printed = Extract<Fact, { kind: 'console' }>;

const most = 5;
/** Printed so shortly before or after a fault, it tells of it. */
const nearMs = 5;

export function linesToQuote(shown: readonly Row[], reading: Reading, focus: Focus): Printed[] {
  const lanes = new Set(shown.flatMap((row) => row.cells.map(({ lane }) => lane)));
  const lines = reading.facts.filter(
    (fact) => fact.kind === 'console' && lanes.has(`slot ${fact.slot}`),
  ) as Printed[];
  const told = lines.filter((line) => isAbout(line, focus) || isNear(line, reading));
  if (told.length === 0) return lines.slice(-most);
  const anchors = [...reading.struck.map(({ fact }) => fact.seq), ...focus.witnesses];
  const distance = ({ seq }: Printed): number =>
    anchors.length === 0 ? 0 : Math.min(...anchors.map((anchor) => Math.abs(anchor - seq)));
  const chosen = new Set(told.toSorted((a, b) => distance(a) - distance(b)).slice(0, most));
  return told.filter((line) => chosen.has(line));
}

function isAbout({ text }: Printed, { commands }: Focus): boolean {
  return [...commands].some((command) => mentions(text, command));
}

function isNear(line: Printed, { struck }: Reading): boolean {
  return struck.some(
    ({ slot, fact }) =>
      (slot === undefined || slot === line.slot) && Math.abs(fact.atMs - line.atMs) <= nearMs,
  );
}
