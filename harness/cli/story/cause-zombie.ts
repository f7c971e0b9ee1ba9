/**
 * Two instances that both believe to own a partition: one stood still or was cut off, the other
 * took over.
 */
import type { Fact } from '#check';
import { type Done, type Reading } from './reading.ts';
import type { Scene } from './scene.ts';
import { capital, duration, list } from './words.ts';

/** Nothing where nobody took over: then the plain sentence of the fault says all. */
export function zombieCause(scene: Scene, reading: Reading): string | undefined {
  if (scene.kind !== 'freeze' && scene.kind !== 'cut') return undefined;
  const back = reading.facts.find(
    (fact) =>
      fact.kind === 'instance' &&
      fact.slot === scene.slot &&
      fact.seq > scene.seq &&
      (fact.state === 'thawed' || fact.state === 'healed'),
  );
  const struck = reading.facts.find((fact) => fact.seq === scene.seq);
  const successor = successorOf(scene, reading);
  if (!successor || !struck) return undefined;
  const absent = scene.kind === 'freeze' ? 'stood still' : 'could not reach Kafka';
  const length = back ? ` for ${duration(back.atMs - struck.atMs)}` : '';
  const holding = scene.about === 'it' ? '' : ` while it held ${scene.about}`;
  const sentences = [
    `${scene.slot} ${absent}${length}${holding}; Kafka took it for dead and gave its partition to` +
      ` ${successor}`,
  ];
  const theirs = doneBy(successor, scene, reading);
  const own = doneBy(scene.slot, scene, reading);
  if (theirs) sentences.push(`${successor} ${didIt(theirs, scene)}`);
  if (own) {
    const woke = scene.kind === 'freeze' ? 'woke up' : 'went on';
    sentences.push(`${scene.slot} ${woke}, knew nothing of that, and ${didIt(own, scene)} too`);
  }
  return sentences.map((sentence) => capital(sentence)).join('. ');
}

/** Whom its group, or a delivery there, gave the commands to after the fault. */
function successorOf(scene: Scene, reading: Reading): string | undefined {
  const groups = reading.groupsOf(scene.slot);
  const isMate = (slot: string): boolean =>
    slot !== scene.slot && !groups.isDisjointFrom(reading.groupsOf(slot));
  const before = reading.facts.filter(({ seq }) => seq < scene.seq);
  // Who only writes has no partition to lose.
  if (!before.some((fact) => readersOf(fact, scene, reading).includes(scene.slot)))
    return undefined;
  for (const fact of reading.facts.slice(before.length)) {
    if (fact.kind === 'assign' && !groups.has(fact.group)) continue;
    const successor = readersOf(fact, scene, reading).find(isMate);
    if (successor !== undefined) return successor;
  }
  return undefined;
}

/** Whom this fact gives the commands of the scene, or the partitions that they lie in. */
function readersOf(fact: Fact, { commands }: Scene, reading: Reading): readonly string[] {
  if (fact.kind === 'deliver') {
    return fact.commands.some((command) => commands.includes(command)) ? [fact.slot] : [];
  }
  if (fact.kind !== 'assign') return [];
  const inputs = commands.flatMap((command) => reading.input(command) ?? []);
  const holds = ({ topic, partition }: { topic: string; partition: number }): boolean =>
    inputs.some((input) => input.topic === topic && input.partition === partition);
  return fact.members.flatMap(({ slot, partitions }) =>
    slot !== undefined && partitions.some(holds) ? [slot] : [],
  );
}

function doneBy(slot: string, scene: Scene, reading: Reading): Done | undefined {
  return scene.commands
    .flatMap((command) => reading.done(command))
    .find((done) => done.slot === slot && done.seq > scene.seq);
}

function didIt(done: Done, { commands }: Scene): string {
  const about = list(commands);
  switch (done.kind) {
    case 'port':
      return `called ${done.name} ${about}`;
    case 'table':
      return `wrote ${about} to the database`;
    case 'append':
      return `sent ${about} to ${done.topic}`;
  }
}
