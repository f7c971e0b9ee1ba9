/**
 * Whether two findings are the same one: property and shape, without the values. A chapter's own
 * sentence is reduced to its words: what stands in commands and keys becomes a name, digits
 * become #, several names in a row become one.
 */
import type { Breach, Sight } from './sight.ts';

export function signatureOf(property: string, { sentence, shape }: Breach, sight: Sight): string {
  return `${property}: ${shape ?? shapeOf(sentence, namesIn(sight))}`;
}

export function shapeOf(sentence: string, names: ReadonlySet<string>): string {
  return sentence
    .replaceAll(/"(?:[^"\\]|\\.)*"/gu, '<name>')
    .replaceAll(/[\p{L}\p{N}_](?:[\p{L}\p{N}_.:-]*[\p{L}\p{N}_])?/gu, (word) =>
      names.has(word) ? '<name>' : word,
    )
    .replaceAll(/\d+(?:[.,]\d+)*/g, '#')
    .replaceAll(/<name>(?:(?:, | and |, and )<name>)+/g, '<name>');
}

/** Words of commands: their ids, the texts in their values, the keys of their records. */
function namesIn({ sent, topics }: Sight): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { id, value } of sent) {
    names.add(id);
    addTexts(names, value);
  }
  for (const { committed } of Object.values(topics)) {
    for (const { command, key } of committed) {
      if (command !== undefined) names.add(command);
      if (key !== null) names.add(key.toString('utf8'));
    }
  }
  return names;
}

function addTexts(names: Set<string>, value: unknown): void {
  if (typeof value === 'string') names.add(value);
  else if (value !== null && typeof value === 'object') {
    for (const inner of Object.values(value)) addTexts(names, inner);
  }
}
