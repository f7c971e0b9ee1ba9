/**
 * Bound parameters as values: the cause of an operation is found among them. Text is kept as text; of the binary
 * formats those that clients send are read, anything else is shown as `\x…` as bytea is.
 *
 * Left out: binary numeric, timestamps and arrays (their bytes stand as hexadecimal).
 */
import type { BindMessage } from '../wire/messages.ts';
import { meaningful, tokensOf } from './tokens.ts';

export type ParameterValue = string | null;

const readers: Readonly<Record<number, (value: Buffer) => string>> = {
  16: (value) => (value[0] === 1 ? 't' : 'f'), // bool
  18: utf8, // "char"
  19: utf8, // name
  20: (value) => String(value.readBigInt64BE(0)), // int8
  21: (value) => String(value.readInt16BE(0)), // int2
  23: (value) => String(value.readInt32BE(0)), // int4
  25: utf8, // text
  26: (value) => String(value.readUInt32BE(0)), // oid
  114: utf8, // json
  700: (value) => String(value.readFloatBE(0)), // float4
  701: (value) => String(value.readDoubleBE(0)), // float8
  1042: utf8, // char(n)
  1043: utf8, // varchar
  2950: (value) =>
    value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), // uuid
  3802: (value) => value.toString('utf8', 1), // jsonb: its version first
};
const widths: Readonly<Record<number, number>> = {
  16: 1,
  20: 8,
  21: 2,
  23: 4,
  26: 4,
  700: 4,
  701: 8,
  2950: 16,
};

/** The values of a Bind, with the types that its Parse named or the server described. */
export function boundValues(bind: BindMessage, types: readonly number[] = []): ParameterValue[] {
  return bind.parameters.map(({ binary, value }, index) => {
    if (value === null) return null;
    if (!binary) return value.toString('utf8');
    const type = types[index] ?? 0;
    const width = widths[type];
    const reader = readers[type];
    if (reader === undefined || (width !== undefined && width !== value.length)) {
      return `\\x${value.toString('hex')}`;
    }
    return reader(value);
  });
}

/** The literals of a text, for clients that write values into it. */
export function literalValues(text: string): string[] {
  return meaningful(tokensOf(text)).flatMap(({ kind, text: written }) => {
    if (kind === 'number') return written;
    if (kind === 'dollar') return written.replace(/^\$[^$]*\$([\s\S]*?)\$[^$]*\$$/, '$1');
    if (kind !== 'string') return [];
    const value = written.slice(written.indexOf("'") + 1, -1).replaceAll("''", "'");
    return /^[eE]/.test(written) ? unescaped(value) : value;
  });
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

function unescaped(value: string): string {
  return value.replaceAll(/\\([\s\S])/g, (_all, letter: string) => escapes[letter] ?? letter);
}

function utf8(value: Buffer): string {
  return value.toString('utf8');
}
