/** Asks Kafka what has changed since the last look and writes it down: records, commits, members. */
import { toBytes, Visibility } from '#check';
import type { LoggedMarker, LoggedRecord } from './kafka-topics.ts';
import type { LiveWorld } from './world.ts';

export interface Observer {
  look(): Promise<void>;
  /** `topic/partition` to the offset after its last visible record; only partitions with records. */
  ends(): ReadonlyMap<string, number>;
  /** The first partition that a judged group has not committed to the end of its records. */
  behind(): string | undefined;
  /** A group whose new member waits for a killed one: Kafka says neither to anybody. */
  waitsForTheDead(): string | undefined;
  regrouped(): boolean;
}

export function createObserver(world: LiveWorld): Observer {
  const log = createLogReader(world);
  const watch = createGroupWatch(world);
  return {
    async look() {
      // Records before commits: what a commit covers is then in the history before it.
      await watch.members();
      await log.readOn();
      await watch.commits();
    },
    ends: () => log.ends,
    behind: () => watch.behind(log.ends),
    waitsForTheDead: () => watch.waitsForTheDead(),
    regrouped: () => watch.regrouped(),
  };
}

function createLogReader(world: LiveWorld) {
  const { chapter, kafka, history } = world;
  const places = Object.entries(chapter.topics).flatMap(([topic, { partitions }]) =>
    Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      next: 0,
      committed: new Visibility<number>(),
    })),
  );
  type Place = (typeof places)[number];
  const ends = new Map<string, number>();
  const see = ({ topic, partition }: Place, offsets: readonly number[]): void => {
    const last = offsets.at(-1);
    if (last !== undefined) ends.set(`${topic}/${partition}`, last + 1);
  };

  const append = (place: Place, record: LoggedRecord): void => {
    const { topic, partition } = place;
    const { offset, key, value, headers, transactionOf } = record;
    const command = world.commandOf(topic, { key, value });
    const name = world.nameOf(topic, { key, value });
    const byUs = world.workload.own.has(`${topic}/${partition}/${offset}`);
    history.add({
      kind: 'append',
      topic,
      partition,
      offset,
      key: toBytes(key),
      value: toBytes(value),
      ...(headers.length > 0 && {
        headers: Object.fromEntries(headers.map((each) => [each.key, toBytes(each.value)])),
      }),
      ...(command !== undefined && { command }),
      ...(name !== undefined && { name }),
      ...(!byUs && { slot: writerOf(world, command) }),
      ...(transactionOf !== undefined && { producerId: transactionOf, transactional: true }),
    });
    see(place, place.committed.append(offset, transactionOf));
  };

  const mark = (place: Place, { offset, producerId, outcome }: LoggedMarker): void => {
    const { topic, partition } = place;
    history.add({ kind: 'marker', topic, partition, offset, producerId, outcome });
    see(place, place.committed.mark(producerId, outcome));
  };

  const readOn = async (place: Place): Promise<void> => {
    const { entries, next } = await kafka.read(place.topic, place.partition, place.next);
    place.next = next;
    for (const entry of entries) {
      if ('outcome' in entry) mark(place, entry);
      else append(place, entry);
    }
  };

  return { ends, readOn: () => Promise.all(places.map(readOn)) };
}

function createGroupWatch(world: LiveWorld) {
  const { chapter, kafka, history } = world;
  const committed = new Map<string, number>();
  const members = new Map<string, string>();
  const states = new Map<string, string>();
  /** Topics that a group was ever given or has committed; outputs are not its to catch up with. */
  const topics = new Map<string, Set<string>>();
  let generations = 0;
  let regrouped = false;

  const reads = (group: string, topic: string): void => {
    topics.set(group, (topics.get(group) ?? new Set()).add(topic));
  };

  const commitsOf = async (group: string): Promise<void> => {
    for (const { topic, partition, offset } of await kafka.committed(group)) {
      const key = `${group} ${topic}/${partition}`;
      reads(group, topic);
      if (committed.get(key) === offset) continue;
      committed.set(key, offset);
      history.add({ kind: 'commit', group, topic, partition, offset });
    }
  };

  const membersOf = async (group: string): Promise<void> => {
    const state = await kafka.group(group);
    states.set(group, state.state);
    if (state.state !== 'Stable') return;
    const text = JSON.stringify(state.members);
    if (members.get(group) === text) return;
    if (members.has(group) && hasEffects(world)) regrouped = true;
    members.set(group, text);
    for (const { partitions } of state.members)
      for (const { topic } of partitions) reads(group, topic);
    history.add({
      kind: 'assign',
      group,
      generation: ++generations,
      members: state.members.map(({ memberId, clientId, partitions }) => ({
        ...(world.supervisor.slots.has(clientId) && { slot: clientId }),
        memberId,
        partitions,
      })),
    });
  };

  return {
    members: () => Promise.all(chapter.groups.map(membersOf)),
    commits: () => Promise.all(chapter.groups.map(commitsOf)),
    regrouped: () => regrouped,
    behind(ends: ReadonlyMap<string, number>): string | undefined {
      return chapter.groups
        .flatMap((group) => [...ends].map(([place, end]) => ({ group, place, end })))
        .filter(({ group, place }) => topics.get(group)?.has(topicOf(place)) !== false)
        .map((each) => ({ ...each, at: committed.get(`${each.group} ${each.place}`) ?? 0 }))
        .filter(({ at, end }) => at < end)
        .map(({ group, place, at, end }) => `group ${group} is at ${at} of ${end} on ${place}`)[0];
    },
    waitsForTheDead(): string | undefined {
      if (world.plan.kind !== 'crash' || world.lastFaultAtMs() === 0) return undefined;
      const group = chapter.groups.find((name) => states.get(name) === 'PreparingRebalance');
      return (
        group &&
        `group ${group} still counts the killed process as a member, ` +
          'until its session is over (30 s by default)'
      );
    },
  };
}

function topicOf(place: string): string {
  return place.slice(0, place.lastIndexOf('/'));
}

function hasEffects({ history }: LiveWorld): boolean {
  return history.facts().some(({ kind }) => kind === 'port');
}

/**
 * Kafka keeps no name of who wrote a record. Whoever was called with the command did; else it was
 * one of the services, and the first one stands for them.
 */
function writerOf({ history, supervisor }: LiveWorld, command: string | undefined): string {
  const called = history
    .facts()
    .find((fact) => fact.kind === 'command' && fact.id === command && fact.slot !== undefined);
  if (called?.kind === 'command' && called.slot !== undefined) return called.slot;
  return [...supervisor.slots.keys()][0] ?? '';
}
