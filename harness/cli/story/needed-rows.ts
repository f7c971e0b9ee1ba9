/**
 * Chooses what the default table shows: what the proof needs, at most fifteen rows, echoes told
 * once.
 */
import { keptWeight, refusedWeight, type Row } from './rows.ts';

/** From this weight on a row is part of the proof; below it only `--full` shows it. */
const needed = 20;
const mostRows = 15;

/** The rows that the proof needs, at most fifteen, nearest to what struck and what broke. */
export function neededRows(rows: readonly Row[]): Row[] {
  // Rounds may be made of rounds: what is tried again, and started again when that fails.
  const needy = withoutEcho(withoutEcho(rows.filter((row) => row.weight >= needed)));
  const anchors = needy.filter((row) => row.fault || row.proof).flatMap((row) => row.seqs);
  const near =
    anchors.length > 0 ? anchors : [...(needy[0]?.seqs ?? []), ...(needy.at(-1)?.seqs ?? [])];
  const distance = (row: Row): number =>
    Math.min(...near.map((anchor) => Math.abs(anchor - (row.seqs[0] ?? 0))));
  const chosen = new Set(
    needy.toSorted((a, b) => b.weight - a.weight || distance(a) - distance(b)).slice(0, mostRows),
  );
  return needy.filter((row) => chosen.has(row));
}

/** Rows that go round and round are told once, and how often they came again. */
function withoutEcho(rows: readonly Row[]): Row[] {
  const keys = rows.map((row) => (isUnique(row) ? String(row.seqs) : row.sentence));
  const kept: Row[] = [];
  for (let at = 0; at < rows.length; at++) {
    const [period, rounds] = roundsAt(keys, at);
    kept.push(...rows.slice(at, at + period));
    if (rounds === 0) continue;
    at += period * (rounds + 1) - 1;
    const last = rows[at];
    if (!last) continue;
    const text = `… the same ${rounds} times more`;
    const cells = (kept.at(-1)?.cells ?? []).slice(0, 1).map(({ lane }) => ({ lane, text }));
    const { proof: _, ...unmarked } = last;
    kept.push({ ...unmarked, cells, sentence: `${text}.` });
  }
  return kept;
}

/** What proves something on its way may come so often that only its first time counts. */
function isUnique({ weight, proof }: Row): boolean {
  return weight >= keptWeight && weight !== refusedWeight && proof !== 'part';
}

const longestRound = 8;

/**
 * The length of what repeats from here, and how often it comes again; at least twice, or it is no
 * echo.
 */
function roundsAt(keys: readonly string[], at: number): readonly [period: number, rounds: number] {
  for (let period = 1; period <= longestRound; period++) {
    let rounds = 0;
    const same = (): boolean =>
      Array.from({ length: period }, (_, i) => i).every((i) => {
        const next = keys[at + period * (rounds + 1) + i];
        return next !== undefined && next === keys[at + i];
      });
    while (same()) rounds++;
    if (rounds >= 2) return [period, rounds];
  }
  return [1, 0];
}
