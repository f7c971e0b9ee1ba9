/**
 * AlterConfigs (33), versions 0–2: replaces everything that was set for a topic. What is not named
 * goes back to its default.
 *
 * In Kafka's order (seen on 3.9.1), for each resource:
 * 1. the resource twice → INVALID_REQUEST (Kafka refuses it so in IncrementalAlterConfigs; here it
 *    never answers)
 * 2. a key twice, a null value → INVALID_REQUEST
 * 3. broker: no number, another node, a setting that it has → INVALID_REQUEST; other names are fine
 * 4. neither topic nor broker → INVALID_REQUEST; topic "" → INVALID_REQUEST, a bad name →
 *    INVALID_TOPIC_EXCEPTION, unknown → UNKNOWN_TOPIC_OR_PARTITION
 * 5. unknown key, bad value → INVALID_CONFIG
 * validateOnly asks all of that and changes nothing.
 *
 * Not served: settings of brokers (Kafka changes some while it runs).
 */
import { alterEach, type Overrides } from '../config-changes.ts';
import { handler } from '../handler.ts';

interface Setting {
  readonly name: string;
  readonly value: string | null;
}

export const alterConfigs = handler('AlterConfigs', (context) =>
  alterEach<Setting>(context, {
    needsValue: () => true,
    changed: (_before, settings): Overrides =>
      Object.fromEntries(settings.map(({ name, value }) => [name, value!])),
  }),
);
