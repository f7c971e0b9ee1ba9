/** Who runs, who owns what, and which groups have begun to read. */
import type { GroupView, InstanceView } from '#kit';
import type { AssignFact, DeliverFact, InstanceFact } from './facts.ts';

const states: Partial<Record<InstanceFact['state'], InstanceView['state']>> = {
  starts: 'starting',
  ready: 'ready',
  stopping: 'stopping',
  stopped: 'down',
  dies: 'down',
  exits: 'down',
  frozen: 'frozen',
};

export function createRoster() {
  const instances: InstanceView[] = [];
  const places = new Map<string, number>();
  const beforeFreeze = new Map<string, InstanceView['state']>();
  const groups = Object.create(null) as Record<string, GroupView>;
  const hasRead = new Set<string>();

  const instance = ({ slot, incarnation, state }: InstanceFact): void => {
    const place = places.get(slot);
    const before = place === undefined ? undefined : instances[place];
    if (before !== undefined && incarnation < before.incarnation) return;
    if (state === 'frozen' && before !== undefined) beforeFreeze.set(slot, before.state);
    const now = state === 'thawed' ? (beforeFreeze.get(slot) ?? 'ready') : states[state];
    // A cut network changes nothing about the process itself.
    const view = { slot, incarnation, state: now ?? before?.state ?? 'starting' };
    if (place !== undefined) instances[place] = view;
    else places.set(slot, instances.push(view) - 1);
  };

  const assigned = ({ group, generation, members }: AssignFact): void => {
    groups[group] = {
      generation,
      members: members.map(({ slot, partitions }) => ({ slot, partitions })),
    };
  };

  /**
   * A Fetch does not name its group: it is the one in which the slot, or a member of unknown slot,
   * owns the partition; else every one that the slot is in.
   */
  const delivered = ({ slot, topic, partition }: DeliverFact): void => {
    const having = (is: (member: GroupView['members'][number]) => boolean): string[] =>
      Object.keys(groups).filter((group) => groups[group]?.members.some(is));
    const reading = having(
      (member) => (member.slot ?? slot) === slot && owns(member, topic, partition),
    );
    const mine = reading.length > 0 ? reading : having((member) => member.slot === slot);
    for (const group of mine) hasRead.add(group);
  };

  return { instances, groups, hasRead, instance, assigned, delivered };
}

export function owns(
  { partitions }: GroupView['members'][number],
  topic: string,
  partition: number,
): boolean {
  return partitions.some((owned) => owned.topic === topic && owned.partition === partition);
}
