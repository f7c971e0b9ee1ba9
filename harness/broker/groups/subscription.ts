/**
 * Which topics a group's members subscribe to, out of the metadata they joined with. Only deletion
 * of offsets asks; what cannot be read is undefined, and then every topic counts as subscribed.
 */
import type { Group } from './group.ts';
import { membersForLeader } from './group.ts';

export function subscribedTopics(group: Group): ReadonlySet<string> | undefined {
  if (group.protocolName === null) return undefined;
  const all = new Set<string>();
  for (const { metadata } of membersForLeader(group)) {
    const topics = decode(Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength));
    if (topics === undefined) return undefined;
    for (const topic of topics) all.add(topic);
  }
  return all;
}

/** version int16, array of topics, then what newer versions add. */
function decode(bytes: Buffer): string[] | undefined {
  const topics: string[] = [];
  try {
    let at = 6;
    for (let count = bytes.readInt32BE(2); count > 0; count--) {
      const end = at + 2 + bytes.readInt16BE(at);
      if (end < at + 2 || end > bytes.length) return undefined;
      topics.push(bytes.toString('utf8', at + 2, end));
      at = end;
    }
    return topics;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
