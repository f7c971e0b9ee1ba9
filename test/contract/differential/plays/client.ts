/** Unmodified kafkajs, told to be quick; and its errors as values. */
import { Kafka, logLevel } from 'kafkajs';
import type { Stage } from '../stage.ts';

/** What passes by itself passes in a moment, what does not is given up after two seconds. */
const retry = { initialRetryTime: 20, maxRetryTime: 20, factor: 0, multiplier: 1, retries: 100 };

export function kafkaJs({ kafka }: Stage, clientId: string): Kafka {
  const brokers = [...kafka.running.addresses];
  return new Kafka({ clientId, brokers, logLevel: logLevel.NOTHING, retry });
}

export interface Outcome {
  readonly told?: unknown;
  readonly rejects?: unknown;
}

/** What a call resolves or rejects with. */
export async function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { told: await call() };
  } catch (error) {
    return { rejects: failure(error as Failure) };
  }
}

interface Failure extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
  readonly groups?: readonly { readonly errorCode: number }[];
}

/** Messages may name what differs from run to run, but for those that kafkajs makes up itself. */
function failure({ name, type, retriable, groups, cause, message }: Failure): object {
  return {
    name,
    type,
    retriable,
    ...(name === 'KafkaJSNonRetriableError' && { message }),
    ...(groups && { codes: groups.map(({ errorCode }) => errorCode) }),
    ...(cause instanceof Error && { cause: failure(cause) }),
  };
}
