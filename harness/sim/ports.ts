/** Ports as a chapter declares them: synchronous functions over a state that lives for one run. */
import type { ChapterDefinition } from '#kit';
import type { PortBackend } from './port-lane.ts';

export function portsOf(chapter: ChapterDefinition): ReadonlyMap<string, PortBackend> {
  return new Map(
    Object.entries(chapter.ports ?? {}).map(([name, definition]) => {
      const state = definition.state();
      const functions = definition as unknown as Readonly<
        Record<string, (state: unknown, ...args: readonly unknown[]) => unknown>
      >;
      const calls = Object.keys(definition).filter((key) => key !== 'state' && key !== 'key');
      return [
        name,
        {
          calls,
          apply: (call, args) => functions[call]?.(state, ...args),
          key: (call: string, args: readonly unknown[]) =>
            definition.key?.(call, args as readonly never[]),
        },
      ];
    }),
  );
}
