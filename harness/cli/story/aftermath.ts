/**
 * What followed a fault for the commands of the finding: told as done without being done, delivered
 * again, done again, sent again, given up, passed over. The first that the facts show is the one
 * that is said.
 */
import type { Fact } from '#check';
import { roleOf, type FaultKind } from '#schedule';
import { logName, type Append, type Deliver, type Done, type Reading } from './reading.ts';
import { repeated } from './repeated.ts';
import type { Focus } from './rows.ts';
import { committedPast, type Scene } from './scene.ts';
import { labelOf, errandNoun, list, number } from './words.ts';

export interface Aftermath {
  /** Stands before the consequence. */
  readonly because?: string;
  /** Joins the sentence before it with "so". */
  readonly consequence?: string;
  /** A sentence of its own. */
  readonly fact?: string;
}

type Look = (scene: Scene, reading: Reading, focus: Focus) => Aftermath | undefined;

/** Their own sentences say what followed. */
const toldKinds: ReadonlySet<FaultKind> = new Set(['freeze', 'cut']);
const redeliveryKinds: ReadonlySet<FaultKind> = new Set(['redeliver', 'republish']);

export function aftermath(scene: Scene, reading: Reading, focus: Focus): Aftermath | undefined {
  if (toldKinds.has(scene.kind) || scene.affected.length === 0) return undefined;
  const looks: readonly Look[] = [toldAsDone, deliveredAgain, doneAgain, sentAgain];
  // Where something was done in the end, nothing is missing that could be explained.
  const missing = scene.affected.some((command) => reading.done(command).length === 0);
  const absences: readonly Look[] = [gaveUp, acknowledgedAnyway, passedOver];
  for (const look of missing ? [...looks, ...absences] : looks) {
    const found = look(scene, reading, focus);
    if (found) return found;
  }
  return undefined;
}

const toldAsDone: Look = (scene, reading) => {
  for (const command of scene.affected) {
    const early = reading.facts.find(
      (fact) =>
        fact.kind === 'commit' &&
        fact.slot !== undefined &&
        fact.seq > scene.seq &&
        reading.commandsOf(fact).includes(command) &&
        fact.offset > (reading.input(command)?.offset ?? -1) &&
        !reading.done(command).some((done) => done.seq < fact.seq),
    );
    if (early?.kind !== 'commit') continue;
    return {
      fact:
        `${early.slot} told Kafka all the same that ${command} is done:` +
        ` it committed ${early.offset} on ${logName(early)}`,
    };
  }
  return undefined;
};

const deliveredAgain: Look = (scene, reading, focus) => {
  if (redeliveryKinds.has(scene.kind)) return undefined;
  const role = readerOf(scene);
  const [delivery] = scene.affected.flatMap((command) =>
    reading
      .delivered(command)
      .filter(
        ({ seq, slot }) =>
          seq > scene.seq &&
          reading.again.has(seq) &&
          (role === undefined || roleOf(slot) === role),
      ),
  );
  if (!delivery) return undefined;
  const before = reading.delivered(scene.affected[0] ?? '').find(({ seq }) => seq < delivery.seq);
  const who = delivery.slot === (scene.slot || before?.slot) ? '' : ` to ${delivery.slot}`;
  const named = reading.recordsIn(delivery)?.filter(({ again }) => again) ?? [];
  const what = named.length > 0 ? named.map(({ label }) => label) : scene.affected;
  const base = `Kafka delivered ${list(what)} again${who}`;
  const done = secondTime(scene, reading, focus);
  return {
    ...restartOffset(scene, reading, delivery),
    consequence: done ? `${base} and ${twice(scene, done, reading)}` : base,
  };
};

/** After a planned restart the stored offset is what decides, so it is said. */
function restartOffset(scene: Scene, reading: Reading, delivery: Deliver): Aftermath {
  if (scene.kind !== 'restart' && scene.kind !== 'stop') return {};
  const { seq, slot } = delivery;
  const commit = reading.committedBefore(seq, delivery, reading.groupsOf(slot));
  const stored = commit && commit.offset >= 0 ? String(commit.offset) : 'none';
  return { because: `The committed offset of ${logName(delivery)} was ${stored}` };
}

const doneAgain: Look = (scene, reading, focus) => {
  const done = secondTime(scene, reading, focus);
  return done && scene.kind !== 'restart' ? { fact: twice(scene, done, reading) } : undefined;
};

function secondTime(scene: Scene, reading: Reading, focus: Focus): Done | undefined {
  const role = readerOf(scene);
  const all = scene.affected
    .flatMap((command) => reading.done(command))
    .filter(
      ({ seq, slot }) =>
        seq > scene.seq && (role === undefined || slot === undefined || roleOf(slot) === role),
    );
  return repeated(all, reading, focus);
}

/** The role whose record it was: what others did with theirs does not follow from this. */
function readerOf({ slot, isInput }: Scene): string | undefined {
  return slot === '' || isInput ? undefined : roleOf(slot);
}

function twice({ affected }: Scene, done: Done, reading: Reading): string {
  switch (done.kind) {
    case 'port':
      return `${done.name} took ${list(affected)} a second time`;
    case 'table': {
      const statement = reading.statement(done);
      const what = statement ? errandNoun(statement) : 'the change';
      if (statement?.operation === 'COMMIT') {
        return `a second transaction of ${list(affected)} was committed`;
      }
      return `${what} was applied a second time`;
    }
    case 'append': {
      const what = done.name === undefined ? list(affected) : labelOf(done);
      return `${what} was sent to ${done.topic} a second time`;
    }
  }
}

const sentAgain: Look = (scene, reading) => {
  const second = reading.facts.find(
    (fact): fact is Append =>
      fact.kind === 'append' &&
      fact.seq > scene.seq &&
      reading.again.has(fact.seq) &&
      scene.affected.includes(fact.command ?? ''),
  );
  const first = second && firstOf(second, reading);
  if (!first || second.slot === undefined) return undefined;
  const where = placesOf(first, second);
  return { fact: `${second.slot} sent ${labelOf(second)} again, and it now stands ${where}` };
};

function firstOf(second: Append, reading: Reading): Append | undefined {
  if (second.name === undefined) return reading.input(second.command ?? '');
  return reading.facts.find(
    (fact): fact is Append =>
      fact.kind === 'append' && fact.topic === second.topic && labelOf(fact) === labelOf(second),
  );
}

/** A retry may go to another partition: then both are named in full. */
function placesOf(first: Append, second: Append): string {
  return logName(first) === logName(second)
    ? `at offset ${first.offset} and offset ${second.offset}`
    : `in ${logName(first)} and in ${logName(second)}`;
}

/** The consumer ended for good and its process did not. */
const gaveUp: Look = (scene, reading) => {
  const crash = reading.facts.find(
    (fact) => fact.kind === 'client' && fact.seq > scene.seq && /crash/i.test(fact.event),
  );
  if (crash?.kind !== 'client') return undefined;
  // A consumer that comes back by itself reads again; a process that ends is started again.
  const goesOn = (fact: Fact): boolean =>
    fact.seq > crash.seq &&
    ((fact.kind === 'instance' &&
      fact.slot === crash.slot &&
      (fact.state === 'exits' || fact.state === 'dies' || fact.state === 'starts')) ||
      (fact.kind === 'deliver' && fact.slot === crash.slot));
  if (reading.facts.some(goesOn)) return undefined;
  return {
    fact: `its consumer crashed at ${number(crash.atMs)} ms, and its process lived on without one`,
  };
};

const acknowledgedAnyway: Look = ({ affected }, reading) => {
  for (const command of affected) {
    if (reading.input(command)) continue;
    const acked = reading.facts.find(
      (fact) => fact.kind === 'command' && fact.id === command && fact.state === 'acked',
    );
    if (acked?.kind !== 'command' || acked.slot === undefined) continue;
    return { fact: `${acked.slot} acknowledged ${command} all the same` };
  }
  return undefined;
};

const passedOver: Look = (scene, reading) => {
  const command = scene.affected.find((each) => reading.done(each).length === 0);
  if (command === undefined || !reading.input(command)) return undefined;
  const deliveries = reading.delivered(command);
  if (deliveries.some((delivery) => delivery.seq > scene.seq)) return undefined;
  const never =
    deliveries.length === 0 ? `nobody was given ${command}` : `nothing delivered ${command} again`;
  const past =
    committedPast(reading, command, scene) ??
    committedPast(reading, command, { ...scene, seq: Number.MAX_SAFE_INTEGER });
  return {
    fact: past
      ? `the committed offset was ${past.offset}, past ${command} (offset ${past.input.offset}),` +
        ` and ${never}`
      : `no offset was stored for it, and yet ${never}`,
  };
};
