/**
 * Screens for what is no finding: code that does not load, a command that cannot be meant, trouble
 * of our own. Never a stack trace of ours for their mistake, never their mistake for our trouble.
 */
import type { Excerpt } from '#verify';
import { excerptLines } from './finding.ts';
import { painter } from './paint.ts';
import { paragraph, visible } from './width.ts';

export interface TroubleOptions {
  readonly columns: number;
  readonly color: boolean;
}

/** One sentence and one right example; further lines of the sentence are places to choose from. */
export function renderUsage(sentence: string, example: string, options: TroubleOptions): string {
  const paint = painter(options.color);
  const [first = '', ...places] = sentence.split('\n');
  return [
    ...paragraph(visible(first), options.columns),
    ...places.map((place) => paint(`    ${visible(place)}`, 'command')),
    `  ${paint(example, 'command')}`,
    '',
  ].join('\n');
}

/** `projector.ts:21 does not compile: …` and the lines around it. */
export function renderDoesNotLoad(
  message: string,
  excerpt: Excerpt | undefined,
  { columns, color }: TroubleOptions,
): string {
  const paint = painter(color);
  const [first = '', ...rest] = message.split('\n');
  return [
    ...paragraph(visible(first), columns).map((line) => paint(line, 'broken')),
    ...rest.map(visible),
    ...(excerpt ? ['', ...excerptLines(excerpt, '✗', { columns, paint })] : []),
    '',
  ].join('\n');
}

export function renderUncontrolled(message: string, { columns, color }: TroubleOptions): string {
  const text = `unknown: ${visible(message.replace(/^unknown: /, ''))}`;
  const paint = painter(color);
  return `${paragraph(text, columns)
    .map((line) => paint(line, 'fault'))
    .join('\n')}\n`;
}

export function renderTrouble(
  message: string,
  saved: string | undefined,
  options: TroubleOptions,
): string {
  const paint = painter(options.color);
  const sentence = message.trim().replace(/[.\s]*$/, '.');
  const report = saved ? ` Please report it with ${saved}.` : ' Please report it.';
  const text = `The workbench itself failed, not your code: ${visible(sentence)}${report}`;
  return `${paragraph(text, options.columns)
    .map((line) => paint(line, 'fault'))
    .join('\n')}\n`;
}
