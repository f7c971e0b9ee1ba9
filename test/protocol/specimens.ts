/**
 * One fixed body per message, from its rows: every field of the version set, each number and text
 * another one. The bytes that Kafka's own classes make of them stand in kafka-*-bytes.txt.
 */
import type { Field } from '#protocol';
import { within } from './bodies.ts';

export type Specimen = 'filled' | 'with nulls';

export function specimen(fields: readonly Field[], version: number, which: Specimen): object {
  let count = 0;
  const bodyOf = (rows: readonly Field[]): object =>
    Object.fromEntries(
      rows.filter((row) => within(row.versions, version)).map((row) => [row.name, valueOf(row)]),
    );
  const valueOf = (row: Field): unknown => {
    if (which === 'with nulls' && within(row.nullableVersions, version)) return null;
    return row.type.startsWith('[]') ? [elementOf(row), elementOf(row)] : elementOf(row);
  };
  const elementOf = (row: Field): unknown => {
    count++;
    switch (row.type.replace('[]', '')) {
      case 'bool':
        return count % 2 === 0;
      case 'int64':
        return count * 2 ** 40 - count;
      case 'uuid':
        return `00112233-4455-6677-8899-${String(count).padStart(12, '0')}`;
      case 'string':
        return `t${count}é`;
      case 'bytes':
      case 'records':
        return Buffer.from([count, 0, 255]);
      case 'struct':
        return bodyOf(row.fields ?? []);
      default:
        return count % 100;
    }
  };
  return bodyOf(fields);
}
