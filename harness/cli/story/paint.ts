/**
 * Colour, which only repeats what a glyph or a word already says. Text is laid out first and
 * painted last, so that the words are the same without colour.
 */
export type Tone = 'plain' | 'strong' | 'broken' | 'fault' | 'good' | 'faint' | 'command';

const codes: Readonly<Record<Tone, string>> = {
  plain: '',
  strong: '1',
  broken: '1;31',
  fault: '1;33',
  good: '32',
  faint: '2',
  command: '36',
};

export type Paint = (text: string, tone: Tone) => string;

export function painter(color: boolean): Paint {
  return (text, tone) =>
    color && tone !== 'plain' && text !== '' ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text;
}
