/** What the live world asks of a Kafka, in one object. */
import { groupOperations, type GroupOperations } from './kafka-groups.ts';
import { createRoutes } from './kafka-routes.ts';
import { topicOperations, type TopicOperations } from './kafka-topics.ts';

export interface KafkaClient extends TopicOperations, GroupOperations {
  /** The address it was given, as services get it. */
  readonly address: string;
  close(): void;
}

/** Rejects with a `Failure` where no Kafka answers. */
export async function createKafkaClient(broker: string): Promise<KafkaClient> {
  const routes = await createRoutes(broker);
  return {
    address: broker,
    ...topicOperations(routes),
    ...groupOperations(routes),
    close: routes.close,
  };
}
