/**
 * The sentences of cause: who was struck, what had been applied, what nobody knew yet, and what
 * followed. Each is put together by a small function chosen by the kind of fault and what was in
 * flight; each can be checked in the table. Nothing knows a chapter or a wrong solution.
 */
import type { FaultKind, FaultPoint } from '#schedule';
import { calmCause } from './cause-calm.ts';
import { zombieCause } from './cause-zombie.ts';
import { aftermath } from './aftermath.ts';
import { scenes, type Scene } from './scene.ts';
import { type Reading } from './reading.ts';
import type { Focus } from './rows.ts';
import {
  labelOf,
  capital,
  duration,
  errandHappened,
  errandOf,
  errorWords,
  portOf,
  type Errand,
} from './words.ts';

type Cause = (scene: Scene) => string;

/** A process died: between what was applied and what nobody knew. */
const death: Readonly<Record<Errand, { readonly before: Cause; readonly after: Cause }>> = {
  commit: {
    before: (s) =>
      s.doneBefore
        ? `${s.slot} died after ${s.effectHad} and before ${s.knew}`
        : `${s.slot} died before Kafka knew that ${s.about} ${s.was} done`,
    after: (s) =>
      s.doneBefore
        ? `${s.slot} died after ${s.stored}`
        : `${s.slot} died after ${s.stored} and before ${s.effectGot}`,
  },
  port: {
    before: (s) =>
      s.committed
        ? `${s.slot} died before ${s.call} got ${s.about}, yet ${s.told}`
        : `${s.slot} died before ${s.call} got ${s.about}`,
    after: (s) =>
      s.committed
        ? `${s.slot} died after ${s.call} had taken ${s.about}; ${s.told}`
        : `${s.slot} died after ${s.call} had taken ${s.about} and before ${s.knew}`,
  },
  statement: {
    before: (s) =>
      s.committed
        ? `${s.slot} died before ${s.noun} reached the database, yet ${s.told}`
        : `${s.slot} died before ${s.noun} reached the database`,
    after: (s) =>
      s.committed
        ? `${s.slot} died after ${s.noun} was applied; ${s.told}`
        : `${s.slot} died after ${s.noun} was applied and before ${s.knew}`,
  },
  send: {
    before: (s) =>
      s.committed && !s.isInput
        ? `${s.slot} died before ${s.about} reached ${s.target}, yet ${s.told}`
        : `${s.slot} died before ${s.about} reached ${s.target}`,
    after: (s) =>
      s.isInput || s.committed
        ? `${s.slot} died after ${s.record} stood in ${s.target} and before it knew so`
        : `${s.slot} died after ${s.record} stood in ${s.target} and before ${s.knew}`,
  },
  fetch: {
    before: (s) => `${s.slot} died before ${s.about} reached it`,
    after: (s) => `${s.slot} died before ${s.about} reached it`,
  },
  join: {
    before: (s) => `${s.slot} died while it was joining its group`,
    after: (s) => `${s.slot} died just after its group had accepted it`,
  },
  transaction: {
    before: (s) => `${s.slot} died before ${s.noun} reached Kafka`,
    after: (s) => `${s.slot} died after ${s.noun} was applied and before it knew so`,
  },
  other: {
    before: (s) => `${s.slot} died before ${s.noun} arrived`,
    after: (s) => `${s.slot} died after ${s.noun} was applied and before it knew so`,
  },
};

function deathCause(scene: Scene): string {
  if (!scene.point) return `${scene.slot} died ${scene.when}`;
  const { before, after } = death[errandOf(scene.point.operation)];
  return scene.phase === 'before apply' ? before(scene) : after(scene);
}

function lostAnswer(scene: Scene): string {
  const { point, slot } = scene;
  if (!point) return `An answer to ${slot} was lost`;
  return `${settled(scene, point)}, but the answer never reached ${slot}, which could not know`;
}

/** What the other side had done by then: `Kafka had appended m1 to greetings.v1`. */
function settled({ about, record, noun }: Scene, point: FaultPoint): string {
  switch (errandOf(point.operation)) {
    case 'send':
      return `Kafka had appended ${record} to ${point.target}`;
    case 'port':
      return `${point.operation} had taken ${about}`;
    case 'commit':
      return `Kafka had stored ${noun}`;
    default:
      return `${capital(noun)} ${errandHappened(point.operation)}`;
  }
}

function errorAnswer(scene: Scene): string {
  const { point, slot, phase } = scene;
  const code = errorWords(scene.options?.code ?? 'an error');
  if (!point) return `${slot} was answered ${code}`;
  if (errandOf(point.operation) === 'statement') {
    return `The database answered ${scene.noun} with ${code} and undid its transaction`;
  }
  const though = phase === 'before apply' ? '' : `, though it ${errandHappened(point.operation)}`;
  return `Kafka answered ${scene.noun} with ${code}${though}`;
}

function outageCause({ point, phase, slot, noun, about, options }: Scene): string {
  const span = duration(options?.ms ?? 0);
  if (!point || errandOf(point.operation) !== 'statement') {
    const port = point ? portOf(point.operation) : 'An outside system';
    return `${port} refused every call for ${span}, the first about ${about}`;
  }
  const down = `The database went down for ${span}`;
  if (phase === 'before apply') return `${down} before ${noun} reached it`;
  return point.operation === 'COMMIT'
    ? `${down} after ${noun} was applied and before ${slot} heard of it`
    : `${down} after ${noun}: what was not committed was undone`;
}

function lockCause(scene: Scene, reading: Reading): string {
  const { point, noun, options } = scene;
  const kept = `${point?.target ?? 'a table'} locked for ${duration(options?.ms ?? 0)}`;
  return `Somebody else kept ${kept}, and ${noun} ${endOfWait(scene, reading) ?? 'had to wait'}`;
}

/** Who skips what is locked never waits, and its answer is no error. */
function rowsCause(scene: Scene, reading: Reading): string {
  const { point, noun, options } = scene;
  const kept = `rows of ${point?.target ?? 'a table'} locked for ${duration(options?.ms ?? 0)}`;
  const end = endOfWait(scene, reading);
  const wanted = `those that ${noun} wanted`;
  return `Somebody else kept ${kept}, ${wanted}${end === undefined ? '' : `, and it ${end}`}`;
}

function endOfWait({ seq, point, slot }: Scene, { facts }: Reading): string | undefined {
  const answer = facts.find(
    (fact) =>
      fact.kind === 'operation' &&
      fact.step === 'answered' &&
      fact.seq > seq &&
      fact.slot === slot &&
      fact.operation === point?.operation &&
      fact.target === point.target,
  );
  const code = (answer?.kind === 'operation' && answer.error?.split(' ')[0]) || undefined;
  return code === undefined ? undefined : `gave up waiting with ${errorWords(code)}`;
}

const causes: Readonly<Record<FaultKind, (scene: Scene, reading: Reading) => string>> = {
  crash: deathCause,
  stop: (s) => `${s.slot} was asked to end (SIGTERM) ${s.when}`,
  restart: (s) =>
    `${s.slot === '' ? 'Everything' : s.slot} was stopped and started again ${s.when}`,
  redeliver: (s) =>
    `Kafka delivered from offset ${s.options?.offset ?? 0} once more,` +
    ' as it may whenever a commit is lost',
  republish: (s, reading) => {
    const record = capital(labelOf(reading.input(s.on) ?? { command: s.on }));
    return `${record} was published a second time, as a producer does when its answer was lost`;
  },
  reject: (s) => `${s.call} rejected ${s.about} once: nothing was applied`,
  outage: outageCause,
  lock: lockCause,
  'lock-rows': rowsCause,
  victim: (s) =>
    `Transactions waited for each other, and of all of them the database undid that of ${s.slot}:` +
    ` ${s.noun} was answered ${errorWords('40P01')}`,
  'lose-request': (s) => `${capital(s.noun)} never arrived, for the connection of ${s.slot} broke`,
  'lose-response': lostAnswer,
  silence: lostAnswer,
  error: errorAnswer,
  delay: (s) => `${capital(s.noun)} took ${duration(s.options?.ms ?? 0)}`,
  cut: (s) =>
    `${s.slot} could not reach Kafka for ${duration(s.options?.ms ?? 0)} and went on by itself`,
  freeze: (s) =>
    `${s.slot} stood still${s.options?.ms ? ` for ${duration(s.options.ms)}` : ''} ${s.when}`,
  join: (s) => `One more ${s.on || 'instance'} joined ${s.when}`,
  rebalance: (s) => `The group ${s.on || s.target} formed anew ${s.when}`,
};

/** At most three sentences, or none when nothing can be said that the table shows. */
export function causeOf(reading: Reading, focus: Focus): string {
  const all = scenes(reading, focus);
  if (all.length === 0) return calmCause(reading, focus);
  // Who takes over from a zombie is in its sentence: that he joined is no second cause.
  const isTakenOver = all.some((scene) => zombieCause(scene, reading) !== undefined);
  const found = isTakenOver ? all.filter(({ kind }) => kind !== 'join') : all;
  const sentences = found.slice(0, 2).map((scene) => {
    const zombie = zombieCause(scene, reading);
    return zombie ?? causes[scene.kind](scene, reading);
  });
  const last = found.at(-1);
  const after = last ? aftermath(last, reading, focus) : undefined;
  if (!after) return sentences.map(end).join(' ');
  const reason = after.consequence ? (after.because ?? sentences.pop() ?? '') : '';
  const joined = after.consequence ? [`${reason}, so ${after.consequence}`] : [];
  return [...sentences, ...joined, ...(after.fact ? [capital(after.fact)] : [])].map(end).join(' ');
}

function end(sentence: string): string {
  return sentence.endsWith('.') ? sentence : `${sentence}.`;
}
