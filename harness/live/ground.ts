/**
 * The chapter's topics and groups, fresh for each run and gone after it, on somebody else's Kafka.
 *
 * Topic names stand in learners' code and cannot be made unique, so nothing is deleted that could
 * be anybody's: a topic that holds records goes only if its id is one that we were given when we
 * made it, kept in `.crashproof/live/topics.json`; one that was never written to is made anew. A
 * group goes only if nobody is in it and it committed nothing but on the chapter's topics.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, stopwatch, type Milliseconds } from '#kernel';
import type { ChapterDefinition } from '#kit';
import type { KafkaClient } from './kafka-client.ts';
import { openNotes } from './notes.ts';

export interface Ground {
  /** Makes everything fresh; refuses what is not ours. */
  prepare(): Promise<void>;
  /** Takes away what a run left. `slots` = client ids of its processes, which are dead by now. */
  clear(slots: ReadonlySet<string>): Promise<void>;
}

export interface GroundOptions {
  readonly kafka: KafkaClient;
  readonly chapter: Pick<ChapterDefinition, 'topics' | 'groups'>;
  /** Where the ids of topics that we made are kept. */
  readonly memory: string;
  readonly onWait: (sentence: string) => void;
}

/** A dead member is counted until its session is over: 30 s with kafkajs's defaults. */
const membersLeaveMs: Milliseconds = 45_000;
const pollMs: Milliseconds = 300;
const advice = 'Use --broker with an empty test cluster, for example the one of npm run broker';

export function createGround(options: GroundOptions): Ground {
  const { kafka, chapter, memory } = options;
  const names = Object.keys(chapter.topics);
  const notes = openNotes(memory);
  let ids: readonly string[] = [];
  return {
    async prepare() {
      const there = await kafka.topics(names);
      const ours = new Set(notes.all());
      for (const topic of there) {
        if (topic.id !== undefined && ours.has(topic.id)) continue;
        const count = await kafka.written(topic);
        if (count > 0) throw occupied(kafka, topic.name);
      }
      for (const group of chapter.groups) {
        await emptyGroup(options, group);
      }
      await Promise.all(there.map(({ name }) => kafka.deleteTopic(name)));
      const made = await Promise.all(
        names.map((name) => kafka.createTopic(name, chapter.topics[name]?.partitions ?? 1)),
      );
      ids = made.flatMap(({ id }) => id ?? []);
      notes.add(...ids);
    },
    async clear(slots) {
      const groups = await ownGroups(options, slots);
      await Promise.all(groups.map((group) => removeGroup(options, group, slots)));
      await Promise.all(names.map((name) => kafka.deleteTopic(name)));
      notes.remove(...ids);
    },
  };
}

function occupied({ address }: KafkaClient, topic: string): Failure {
  return new Failure(
    'NO_BROKER',
    `${address} has a topic ${topic} with records that this workbench did not write. ` +
      `It is left alone. ${advice}; or delete the topic yourself.`,
  );
}

/** Before a run: nobody in it, nothing committed that is anybody else's, then gone. */
async function emptyGroup({ kafka, chapter, onWait }: GroundOptions, name: string): Promise<void> {
  const elapsed = stopwatch();
  for (;;) {
    const [{ members }, committed] = await Promise.all([kafka.group(name), kafka.committed(name)]);
    const other = committed.find(({ topic }) => chapter.topics[topic] === undefined);
    if (other !== undefined) {
      throw new Failure(
        'NO_BROKER',
        `${kafka.address} has a group ${name} that has read ${other.topic}, which is none of ` +
          `this chapter's topics. It is left alone. ${advice}.`,
      );
    }
    if (members.length === 0 && (await kafka.deleteGroup(name))) return;
    if (elapsed() > membersLeaveMs) {
      const who = members.map(({ clientId }) => clientId).join(', ') || 'somebody';
      throw new Failure(
        'NO_BROKER',
        `Group ${name} at ${kafka.address} has members (${who}) that do not leave. ` +
          `Stop them. ${advice}.`,
      );
    }
    onWait(`group ${name} still has members from before; they leave or their session ends`);
    await sleep(pollMs);
  }
}

/** The chapter's groups, and those that only processes of this run are in. */
async function ownGroups(
  { kafka, chapter }: GroundOptions,
  slots: ReadonlySet<string>,
): Promise<readonly string[]> {
  const others = (await kafka.groups()).filter((name) => !chapter.groups.includes(name));
  const states = await Promise.all(
    others.map(async (name) => ({ name, members: (await kafka.group(name)).members })),
  );
  const ours = states.filter(
    ({ members }) => members.length > 0 && members.every(({ clientId }) => slots.has(clientId)),
  );
  return [...chapter.groups, ...ours.map(({ name }) => name)];
}

/** After a run: its processes are dead, so their membership need not be waited out. */
async function removeGroup(
  { kafka, onWait }: GroundOptions,
  name: string,
  slots: ReadonlySet<string>,
): Promise<void> {
  const elapsed = stopwatch();
  for (;;) {
    const { members } = await kafka.group(name);
    const ours = members.filter(({ clientId }) => slots.has(clientId));
    if (ours.length > 0) {
      await kafka.evict(
        name,
        ours.map(({ memberId }) => memberId),
      );
    }
    if ((await kafka.deleteGroup(name)) || elapsed() > membersLeaveMs) return;
    onWait(`group ${name} gives up its last members`);
    await sleep(pollMs);
  }
}
