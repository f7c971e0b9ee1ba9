/** Asks Kafka what has changed since the last look and writes it down: records, commits, members. */
import { toBytes } from '#check';
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
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, next: 0 })),
  );
  const ends = new Map<string, number>();

  const readOn = async (place: (typeof places)[number]): Promise<void> => {
    const { topic, partition } = place;
    const { records, next } = await kafka.read(topic, partition, place.next);
    place.next = next;
    for (const { offset, key, value, headers } of records) {
      const command = world.commandOf(topic, { key, value });
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
        ...(!byUs && { slot: writerOf(world, command) }),
      });
      ends.set(`${topic}/${partition}`, offset + 1);
    }
  };

  return { ends, readOn: () => Promise.all(places.map(readOn)) };
}

function createGroupWatch(world: LiveWorld) {
  const { chapter, kafka, history } = world;
  const committed = new Map<string, number>();
  const members = new Map<string, string>();
  const states = new Map<string, string>();
  let generations = 0;
  let regrouped = false;

  const commitsOf = async (group: string): Promise<void> => {
    for (const { topic, partition, offset } of await kafka.committed(group)) {
      const key = `${group} ${topic}/${partition}`;
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
      for (const group of chapter.groups) {
        for (const [place, end] of ends) {
          const at = committed.get(`${group} ${place}`) ?? 0;
          if (at >= end) continue;
          return `group ${group} is at ${at} of ${end} on ${place}`;
        }
      }
      return undefined;
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
