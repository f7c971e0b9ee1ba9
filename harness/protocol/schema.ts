/**
 * How Kafka's messages are written down: one row per field, as in Kafka's own definitions, so that
 * a new version is a row and not code. Rows carry no behaviour; compile.ts turns them into readers
 * and writers.
 */

/** `3+`, `0-12` or `7`; a left-out bound is the API's own. */
export type Versions = `${number}+` | `${number}-${number}` | `${number}`;

export type Primitive =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  /**
   * A number, exact for |x| < 2^53; larger ones are rounded, and the extremes are written back as
   * they came.
   */
  | 'int64'
  | 'string'
  /** 36 characters, lower-case hex with dashes. */
  | 'uuid'
  /** A Buffer, decoded as a view of the frame. */
  | 'bytes'
  | 'records';

export interface Field {
  readonly name: string;
  readonly type: Primitive | `[]${Primitive}` | 'struct' | '[]struct';
  readonly versions: Versions;
  readonly nullableVersions?: Versions;
  /**
   * In these versions the field is optional and stands, with its tag, behind the others (KIP-482).
   */
  readonly taggedVersions?: Versions;
  readonly tag?: number;
  /** Left out: false, 0, '', no bytes, [], a struct of defaults; for records null. */
  readonly default?: boolean | number | string | null;
  /**
   * Kafka's clients refuse to drop a field that is not ignorable; this codec always drops it
   * silently.
   */
  readonly ignorable?: boolean;
  /** For struct and []struct. */
  readonly fields?: readonly Field[];
}

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

export interface ApiSchema {
  readonly key: number;
  /** Versions this codec reads and writes; what a broker advertises is its own affair. */
  readonly versions: VersionRange;
  /** First flexible version (KIP-482); Infinity = none. */
  readonly flexibleFrom: number;
  readonly request: readonly Field[];
  readonly response: readonly Field[];
}

export function covers(versions: Versions | undefined, version: number): boolean {
  if (versions === undefined) return false;
  if (versions.endsWith('+')) return version >= Number(versions.slice(0, -1));
  const [first = '', last = first] = versions.split('-');
  return version >= Number(first) && version <= Number(last);
}
