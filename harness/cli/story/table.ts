/**
 * The table in three shapes: lanes as columns, one column with a prefix for narrow terminals, and
 * sentences for those who listen. Same rows, same words.
 */
import type { Cell, Row } from './rows.ts';
import type { Paint } from './paint.ts';
import { number } from './words.ts';
import { padEnd, padStart, paragraph, visible, width, wrap } from './width.ts';

export interface TableOptions {
  readonly columns: number;
  readonly plain: boolean;
  readonly paint: Paint;
}

const gap = 2;
/** Glyph and time: `⚡ 30 018`. */
const timeWidth = 9;
const leastLane = 10;
const marks = { breaks: '✗', part: '◂' } as const;
/** What the calmer of the two marks means. */
export const legend = `${marks.part} proof`;

export function table(rows: readonly Row[], { columns, plain, paint }: TableOptions): string[] {
  if (rows.length === 0) return [];
  const safe = rows.map((row) => ({
    ...row,
    sentence: visible(row.sentence),
    cells: row.cells.map((cell) => ({ ...cell, text: visible(cell.text) })),
  }));
  if (plain) return sentences(safe, columns, paint);
  const full = nameCalls(withoutMinorLanes(safe));
  if (columns < 80) return oneColumn(full, columns, paint);
  const views = [full, mergeLogs(full), mergePorts(mergeLogs(full))];
  const shown = views.flatMap((view) => {
    const lines = lanes(view, columns, paint);
    return lines === undefined ? [] : [lines];
  });
  const least = Math.min(...shown.map((lines) => lines.length));
  const chosen = shown.find((lines) => lines.length <= least + mostBroken);
  return chosen ?? oneColumn(full, columns, paint);
}

/** Lanes of their own are worth so many broken lines; with more, partitions share one and others get its room. */
const mostBroken = 2;

/** A lane that holds only minor cells is left out, unless a row would vanish with it. */
function withoutMinorLanes(rows: readonly Row[]): Row[] {
  const cells = rows.flatMap((row) => row.cells);
  const major = new Set(cells.filter((cell) => !cell.minor).map((cell) => cell.lane));
  return rows.flatMap((row) => {
    const kept = row.cells.filter((cell) => !cell.minor || major.has(cell.lane));
    return kept.length > 0 ? [{ ...row, cells: kept }] : [];
  });
}

/** A port with one call is named by it, `sink.record`, and its cells need not repeat the call. */
function nameCalls(rows: readonly Row[]): Row[] {
  const calls = new Map<string, Set<string>>();
  for (const { lane, call } of rows.flatMap((row) => row.cells)) {
    if (call !== undefined) calls.set(lane, (calls.get(lane) ?? new Set()).add(call));
  }
  return relabel(rows, (cell) => {
    const [only, ...others] = calls.get(cell.lane) ?? [];
    if (only === undefined || others.length > 0) return cell;
    const text = cell.text.startsWith(`${only} `) ? cell.text.slice(only.length + 1) : cell.text;
    return { ...cell, lane: `${cell.lane}.${only}`, text };
  });
}

function sentences(rows: readonly Row[], columns: number, paint: Paint): string[] {
  return rows.flatMap((row) => {
    const mark = row.fault ? '⚡ ' : '';
    const text = `${mark}At ${number(row.atMs)} ms: ${row.sentence}${spoken(row)}`;
    return paragraph(text, columns, '    ', '  - ').map((line) => paint(line, toneOf(row)));
  });
}

function spoken({ proof }: Row): string {
  if (!proof) return '';
  return proof === 'breaks' ? ` ${marks.breaks} this breaks it.` : ' (part of the proof)';
}

function oneColumn(rows: readonly Row[], columns: number, paint: Paint): string[] {
  return rows.flatMap((row) =>
    row.cells.flatMap((cell, index) => {
      const head = index === 0 ? time(row) : ' '.repeat(timeWidth);
      const last = index === row.cells.length - 1;
      const text = laneName(cell.lane) === '' ? cell.text : `${laneName(cell.lane)}: ${cell.text}`;
      const marked = row.proof && last ? `${text}  ${marks[row.proof]}` : text;
      return paragraph(marked, columns, ' '.repeat(timeWidth + gap), head + ' '.repeat(gap)).map(
        (line) => paint(line, toneOf(row)),
      );
    }),
  );
}

function time(row: Row): string {
  return (row.fault ? '⚡' : '  ') + padStart(number(row.atMs), timeWidth - 2);
}

function toneOf(row: Row): 'fault' | 'broken' | 'plain' {
  return row.fault ? 'fault' : row.proof === 'breaks' ? 'broken' : 'plain';
}

function laneName(lane: string): string {
  return lane.slice(lane.indexOf(' ') + 1);
}

/** Instances first, then topics, ports and tables, each in the order in which they come into play. */
function laneOrder(rows: readonly Row[]): string[] {
  const found = [...new Set(rows.flatMap((row) => row.cells.map((cell) => cell.lane)))];
  const kinds = ['slot ', 'log ', 'port ', 'tables '];
  return kinds.flatMap((kind) => found.filter((lane) => lane.startsWith(kind)));
}

/** Columns, or nothing when they do not fit. */
function lanes(rows: readonly Row[], columns: number, paint: Paint): string[] | undefined {
  const order = laneOrder(rows);
  if (order.length === 0) return undefined;
  const room = columns - timeWidth - gap * order.length - gap - 1;
  const widths = laneWidths(rows, order, room);
  if (!widths) return undefined;
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => padEnd(text, widths[index] ?? 0))
      .join(' '.repeat(gap))
      .trimEnd();
  const names = order.map(laneName);
  const ruler = widths.map((size) => '─'.repeat(size));
  const head = [
    paint(`${padStart('ms', timeWidth)}  ${line(names)}`, 'strong'),
    paint(`  ${'─'.repeat(timeWidth - 2)}  ${line(ruler)}`, 'faint'),
  ];
  return [...head, ...rows.flatMap((row) => rowLines(row, order, widths, room, paint))];
}

function rowLines(
  row: Row,
  order: readonly string[],
  widths: readonly number[],
  room: number,
  paint: Paint,
): string[] {
  const texts = order.map((lane) =>
    row.cells
      .filter((cell) => laneOf(cell, order) === lane)
      .map(({ text }) => text)
      .join('; '),
  );
  const last = texts.findLastIndex((text) => text !== '');
  const blocks = texts.map((text, index) => {
    if (text === '') return [];
    // A cell may run on over empty lanes to its right, so that a fault keeps its sentence in one
    // line.
    const next = texts.findIndex((other, at) => at > index && other !== '');
    const until = next === -1 ? order.length : next;
    const spare = next === -1 ? room - sum(widths) : 0;
    const size = sum(widths.slice(index, until)) + gap * (until - index - 1) + Math.max(0, spare);
    return wrap(text, size);
  });
  const height = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: height }, (_, level) => {
    let line = (level === 0 ? time(row) : ' '.repeat(timeWidth)) + ' '.repeat(gap);
    let start = timeWidth + gap;
    for (const [index, block] of blocks.entries()) {
      const text = block[level];
      if (text !== undefined) line = padEnd(line, start) + text;
      start += (widths[index] ?? 0) + gap;
    }
    const marked = level === (blocks[last]?.length ?? 1) - 1;
    const mark = marked && row.proof ? `  ${marks[row.proof]}` : '';
    return paint(mark ? line + mark : line.trimEnd(), toneOf(row));
  });
}

function laneOf(cell: Cell, order: readonly string[]): string | undefined {
  return cell.lane === '' ? order[0] : cell.lane;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}

/** As wide as each lane needs; then the widest give way, down to a least width. */
function laneWidths(
  rows: readonly Row[],
  order: readonly string[],
  room: number,
): number[] | undefined {
  const needs = order.map((lane) => {
    const cells = rows.flatMap((row) =>
      row.cells.filter((cell) => cell.lane === lane && !(row.fault && row.cells.length === 1)),
    );
    return Math.max(width(laneName(lane)), ...cells.map((cell) => width(cell.text)));
  });
  const least = order.map((lane) => Math.max(leastLane, width(laneName(lane))));
  const widths = [...needs];
  while (sum(widths) > room) {
    const shrinkable = widths.filter((size, index) => size > (least[index] ?? 0));
    if (shrinkable.length === 0) return undefined;
    const widest = Math.max(...shrinkable);
    const index = widths.findIndex((size, at) => size === widest && size > (least[at] ?? 0));
    widths[index] = widest - 1;
  }
  return widths;
}

/** All partitions of a topic in one lane: `/1: 0 p1`. */
function mergeLogs(rows: readonly Row[]): Row[] {
  return relabel(rows, (cell) => {
    if (!cell.lane.startsWith('log ')) return cell;
    const cut = cell.lane.lastIndexOf('/');
    return {
      ...cell,
      lane: cell.lane.slice(0, cut),
      text: `${cell.lane.slice(cut)}: ${cell.text}`,
    };
  });
}

/** All ports in one lane, named in the cell. */
function mergePorts(rows: readonly Row[]): Row[] {
  return relabel(rows, (cell) =>
    cell.lane.startsWith('port ')
      ? { ...cell, lane: 'port outside', text: `${laneName(cell.lane)}: ${cell.text}` }
      : cell,
  );
}

function relabel(rows: readonly Row[], change: (cell: Cell) => Cell): Row[] {
  return rows.map((row) => ({ ...row, cells: row.cells.map(change) }));
}
