/**
 * IncrementalAlterConfigs (44), versions 0–1: changes what is named and leaves the rest.
 *
 * Operations: 0 sets, 1 goes back to the default (also what was not set, or is not known), 2 adds
 * to a list what is not in it, 3 takes out of a list. Added to and taken from is the value in
 * force: `delete` plus `compact` is `delete,compact`; a list may end empty.
 *
 * The order of the questions is that of AlterConfigs. Besides: 2 or 3 on what is no list →
 * INVALID_CONFIG, any other operation → UNKNOWN_SERVER_ERROR (seen on 3.9.1).
 *
 * Not served: settings of brokers, client metrics.
 */
import { alterEach, type Overrides, type Problem } from '../config-changes.ts';
import { handler } from '../handler.ts';
import { topicConfigs, type Definition } from '../topic-config.ts';

interface Change {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export const incrementalAlterConfigs = handler('IncrementalAlterConfigs', (context) =>
  alterEach<Change>(context, {
    needsValue: ({ configOperation }) => configOperation !== operations.delete,
    changed: (before, changes) =>
      changed(before, changes, topicConfigs(context.state.config.profile)),
  }),
);

function changed(
  before: Overrides,
  changes: readonly Change[],
  definitions: ReadonlyMap<string, Definition>,
): Overrides | Problem {
  const after: Record<string, string> = { ...before };
  for (const { name, configOperation, value } of changes) {
    switch (configOperation) {
      case operations.set:
        after[name] = value!;
        break;
      case operations.delete:
        delete after[name];
        break;
      case operations.append:
      case operations.subtract: {
        const adds = configOperation === operations.append;
        const known = definitions.get(name);
        if (known?.type !== 'LIST') {
          const verb = adds ? 'APPEND' : 'SUBTRACT';
          return ['INVALID_CONFIG', `Can't ${verb} to key ${name} because its type is not LIST.`];
        }
        const old = elements(after[name] ?? known.default);
        const named = elements(value!);
        const list = adds
          ? [...new Set([...old, ...named])]
          : old.filter((one) => !named.includes(one));
        after[name] = list.join(',');
        break;
      }
      default:
        return ['UNKNOWN_SERVER_ERROR', null];
    }
  }
  return after;
}

function elements(list: string): string[] {
  return list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
