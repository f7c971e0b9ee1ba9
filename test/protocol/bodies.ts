/** Message bodies made from the rows alone: what the codec is held against. */
import fc from 'fast-check';
import { apis, type ApiName, type Field } from '#protocol';

export type Direction = 'request' | 'response';

export interface MessageKind {
  readonly api: ApiName;
  readonly version: number;
  readonly direction: Direction;
}

/** Every API in every version in both directions. */
export const messageKinds: readonly MessageKind[] = (Object.keys(apis) as ApiName[]).flatMap(
  (api) => {
    const { min, max } = apis[api].versions;
    const versions = Array.from({ length: max - min + 1 }, (_, index) => min + index);
    return versions.flatMap((version) => [
      { api, version, direction: 'request' as const },
      { api, version, direction: 'response' as const },
    ]);
  },
);

export function within(versions: string | undefined, version: number): boolean {
  const parts = /^(\d+)(?:(\+)|-(\d+))?$/.exec(versions ?? '');
  if (!parts) return false;
  const first = Number(parts[1]);
  const last = parts[2] ? Infinity : Number(parts[3] ?? parts[1]);
  return first <= version && version <= last;
}

/** A body with a value for each field of this version and nothing for the others. */
export function bodyOf(fields: readonly Field[], version: number): fc.Arbitrary<object> {
  const here = fields.filter((field) => within(field.versions, version));
  return fc.record(Object.fromEntries(here.map((field) => [field.name, valueOf(field, version)])));
}

function valueOf(field: Field, version: number): fc.Arbitrary<unknown> {
  const single = elementOf(field, version);
  const value = field.type.startsWith('[]') ? fc.array(single, { maxLength: 3 }) : single;
  if (!within(field.nullableVersions, version)) return value;
  return fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) });
}

function elementOf(field: Field, version: number): fc.Arbitrary<unknown> {
  switch (field.type.replace('[]', '')) {
    case 'bool':
      return fc.boolean();
    case 'int8':
      return fc.integer({ min: -128, max: 127 });
    case 'int16':
      return fc.integer({ min: -32_768, max: 32_767 });
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.maxSafeInteger();
    case 'uuid':
      return fc.uuid();
    case 'string':
      return fc.string({ unit: 'binary', maxLength: 60 });
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    default:
      return bodyOf(field.fields ?? [], version);
  }
}

/** The body as a reader must give it: fields left out, or of other versions, have their default. */
export function completed(fields: readonly Field[], version: number, body: any): object {
  return Object.fromEntries(
    fields.map((field) => {
      const value = within(field.versions, version) ? body?.[field.name] : undefined;
      if (value === undefined) return [field.name, defaultOf(field, version)];
      if (!field.fields || value === null) return [field.name, value];
      const inner = field.fields;
      const whole = Array.isArray(value)
        ? value.map((one) => completed(inner, version, one))
        : completed(inner, version, value);
      return [field.name, whole];
    }),
  );
}

function defaultOf(field: Field, version: number): unknown {
  if (field.default !== undefined) return field.default;
  if (field.type.startsWith('[]')) return [];
  if (field.type.startsWith('int')) return 0;
  if (field.type === 'bool') return false;
  if (field.type === 'string') return '';
  if (field.type === 'bytes') return Buffer.alloc(0);
  if (field.type === 'records') return null;
  if (field.type === 'uuid') return '00000000-0000-0000-0000-000000000000';
  return completed(field.fields ?? [], version, {});
}
