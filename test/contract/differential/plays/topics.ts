/**
 * The topic of the first place goes, and comes back under its name. A Kafka says so before it has
 * told all its parts, so that both wait until nothing of it is under way any more.
 */
import { errorName } from '#protocol';
import type { Observation, Of, Plays } from '../commands.ts';
import type { Stage } from '../stage.ts';

/** For some 100 ms Kafka does not know everywhere what it has just made. */
const notYet = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'NOT_LEADER_OR_FOLLOWER']);

/** No value comes twice. */
let changes = 0;

export class Topics implements Plays<'delete' | 'create'> {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  readonly delete = async ({ kind, version }: Of<'delete'>): Promise<Observation> => {
    const { kafka, places } = this.#stage;
    const [own] = places;
    const topics = [{ name: own!.topic }];
    const body = { topics, topicNames: [own!.topic], timeoutMs: 10_000 };
    const { responses } = await kafka.ask('DeleteTopics', version, body);
    const error = errorName(responses[0].errorCode);
    if (error === 'NONE') {
      await kafka.until(
        () => kafka.list(own!, -1),
        (told) => told.error === 'UNKNOWN_TOPIC_OR_PARTITION',
      );
      await this.#nextNews();
    }
    return { kind, error };
  };

  readonly create = async ({ kind, stamped, version }: Of<'create'>): Promise<Observation> => {
    const { kafka, places } = this.#stage;
    const [own] = places;
    const topic = { name: own!.topic, numPartitions: 1, replicationFactor: 1 };
    const configs = stamped ? [{ name: 'message.timestamp.type', value: 'LogAppendTime' }] : [];
    const body = { topics: [{ ...topic, assignments: [], configs }], timeoutMs: 10_000 };
    const { topics } = await kafka.ask('CreateTopics', version, body);
    const error = errorName(topics[0].errorCode);
    if (error === 'NONE') {
      await kafka.until(
        () => kafka.list(own!, -1),
        (told) => !notYet.has(told.error),
      );
    }
    return { kind, error };
  };

  /**
   * A Kafka gives its parts one piece of news after the other. When the next one is known, all
   * of them have heard the last one, the groups too.
   */
  async #nextNews(): Promise<void> {
    const { kafka, places } = this.#stage;
    const resource = { resourceType: 2, resourceName: places[1]!.topic };
    const [name, value] = ['delete.retention.ms', String(86_400_000 + ++changes)];
    const configs = [{ name, value, configOperation: 0 }];
    await kafka.ask('IncrementalAlterConfigs', 1, { resources: [{ ...resource, configs }] });
    const asked = { resources: [{ ...resource, configurationKeys: [name] }] };
    await kafka.until(
      () => kafka.ask('DescribeConfigs', 4, asked),
      ({ results }) => results[0].configs[0].value === value,
    );
  }
}
