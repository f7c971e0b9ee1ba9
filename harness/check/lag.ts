/**
 * What a judged group has left to read or to commit. Its partitions are those of the topics that
 * it was ever assigned or committed; a group that nobody ever joined is held to every topic that
 * carries commands.
 */
import type { GroupView, RecordView } from '#kit';
import { owns } from './roster.ts';
import type { Sight } from './sight.ts';

export interface Lag {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** At least 0. */
  readonly offset: number;
  /** The commit it rests on, where there is one. */
  readonly seq?: number;
  /** Visible records that the commit does not cover; at least one. */
  readonly behind: readonly RecordView[];
}

/** Partitions of judged groups with something left to read or to commit. */
export function lags(sight: Sight): readonly Lag[] {
  const found: Lag[] = [];
  for (const group of sight.chapter.groups) {
    for (const topic of topicsOf(sight, group)) {
      for (let partition = 0; partition < sight.partitions(topic); partition += 1) {
        const records = sight.visible(topic, partition);
        if (records.length === 0) continue;
        const commit = sight.committed.find(
          (each) => each.group === group && each.topic === topic && each.partition === partition,
        );
        const offset = Math.max(commit?.offset ?? 0, 0);
        const behind = records.filter((record) => record.offset >= offset);
        const seq = commit && { seq: commit.seq };
        if (behind.length > 0) found.push({ group, topic, partition, offset, ...seq, behind });
      }
    }
  }
  return found;
}

function topicsOf(sight: Sight, group: string): readonly string[] {
  const topics = new Set<string>();
  for (const fact of sight.facts) {
    if (fact.kind === 'commit' && fact.group === group) topics.add(fact.topic);
    if (fact.kind !== 'assign' || fact.group !== group) continue;
    for (const { partitions } of fact.members) {
      for (const { topic } of partitions) topics.add(topic);
    }
  }
  return topics.size > 0 ? [...topics] : Object.keys(sight.chapter.flow.id);
}

/** The member that the partition is assigned to now; its slot may not be known. */
export function ownerOf(
  { groups }: Sight,
  { group, topic, partition }: Lag,
): GroupView['members'][number] | undefined {
  return groups[group]?.members.find((member) => owns(member, topic, partition));
}
