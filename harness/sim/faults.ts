/** What each kind of fault does to the world, one row a kind. */
import { parseRedeliverTarget, printFault } from '#schedule';
import { errors } from '#protocol';
import type { FaultFact } from '#check';
import type { FaultKind, Phase } from '#schedule';
import type { PlannedFault } from './gate.ts';
import type { Op } from './passage.ts';
import type { World } from './world.ts';

/**
 * What becomes of the operation at which a fault struck: nothing, a wait in milliseconds, a closed connection, no
 * answer, nobody left to hear it, an error.
 */
export type Outcome =
  | undefined
  | number
  | 'close'
  | 'silence'
  | 'gone'
  | { readonly error: string };

interface Blow {
  readonly world: World;
  readonly planned: PlannedFault;
  /** Where it struck; absent for faults placed before start, after a command, at rest. */
  readonly op: Op | undefined;
  readonly phase: Phase | undefined;
  readonly ms: number;
}

/** Longer than any default session (30 s): the process is taken for dead. */
const longMs = 45_000;
/** How long a stopped process stays away. */
const awayMs = 5_000;

const blows: Record<
  Exclude<FaultKind, 'lock' | 'lock-rows' | 'victim'>,
  (blow: Blow) => Outcome
> = {
  crash({ world, planned, op }) {
    const slot = planned.fault.on ?? op?.point.slot;
    if (slot === undefined) return undefined;
    world.supervisor.crash(slot, planned.fault.with?.inFlight ?? 'lost');
    return slot === op?.point.slot ? 'gone' : undefined;
  },
  stop({ world, planned, op }) {
    const slot = planned.fault.on ?? op?.point.slot ?? '';
    const ms = planned.fault.with?.ms ?? awayMs;
    if (planned.fault.place === 'before start') world.supervisor.startLate(slot, ms);
    else world.supervisor.stop(slot, ms);
    return undefined;
  },
  restart({ world, planned, op }) {
    const which = planned.fault.on ?? op?.point.slot ?? '';
    if (which === 'everything') world.supervisor.restartEverything();
    else world.supervisor.stop(which, 0);
    return undefined;
  },
  redeliver({ world, planned }) {
    const { on, with: options } = planned.fault;
    const target = parseRedeliverTarget(on ?? '');
    if (target === undefined) return undefined;
    const { group, topic, partition } = target;
    world.supervisor.rewind(group, topic, partition, options?.offset ?? 0);
    return undefined;
  },
  republish({ world, planned }) {
    world.workload.republish(planned.fault.on ?? '');
    return undefined;
  },
  reject: () => ({ error: 'REJECTED' }),
  outage({ world, op, phase, ms }) {
    if (op?.kind === 'port') world.ports.outage(op.point.operation, ms);
    if (op?.kind !== 'sql') return undefined;
    world.postgres?.outage(ms, phase === 'after apply' ? op.connection : undefined);
    return 'gone';
  },
  'lose-request': () => 'close',
  'lose-response': () => 'close',
  silence: () => 'silence',
  error: ({ planned }) => ({ error: planned.fault.with?.code ?? 'UNKNOWN_SERVER_ERROR' }),
  delay: ({ ms }) => ms,
  cut({ world, planned, op, ms }) {
    const { on, with: options } = planned.fault;
    world.supervisor.cut(on ?? op?.point.slot ?? '', ms, options?.inFlight ?? 'lost');
    return op?.kind === 'kafka' && (on ?? op.point.slot) === op.point.slot ? 'gone' : undefined;
  },
  freeze({ world, op, planned, ms }) {
    world.supervisor.freeze(planned.fault.on ?? op?.point.slot ?? '', ms);
    return undefined;
  },
  join({ world, planned }) {
    world.supervisor.join(planned.fault.on ?? '');
    return undefined;
  },
  rebalance({ world, planned }) {
    for (const group of groupsOf(world, planned.fault.on ?? '')) {
      world.broker.rebalance(group, world.epochMs + world.now());
    }
    world.kafka.drain();
    return undefined;
  },
};

/** Kinds after which nobody was told, with what they lose at each phase. */
const loses: Partial<Record<FaultKind, true>> = {
  crash: true,
  'lose-request': true,
  'lose-response': true,
  silence: true,
  cut: true,
  error: true,
  reject: true,
  outage: true,
};

export function strike(
  world: World,
  planned: PlannedFault,
  op: Op | undefined,
  phase: Phase | undefined,
): Outcome {
  const { fault } = planned;
  if (!canStrike(world, planned, op, phase)) return undefined;
  const ms = fault.with?.ms ?? defaultMs(fault.kind);
  if (fault.kind === 'victim') {
    // It strikes when there is a deadlock to end.
    if (op !== undefined) op.victim = () => tell(world, planned, op, phase);
    return undefined;
  }
  if (fault.kind === 'lock' || fault.kind === 'lock-rows') {
    // Only the server knows whether that is free: else nothing has struck.
    const struck = (): void => tell(world, planned, op, phase);
    if (fault.kind === 'lock') world.postgres?.lock(tableOf(world, op), ms, struck);
    else if (op?.connection !== undefined) world.postgres?.lockRows(op.connection, ms, struck);
    return undefined;
  }
  tell(world, planned, op, phase);
  return blows[fault.kind]({ world, planned, op, phase, ms });
}

function tell(
  world: World,
  { fault, index }: PlannedFault,
  op: Op | undefined,
  phase: Phase | undefined,
): void {
  world.gate.fired(index);
  world.faultStruck();
  const lost: FaultFact['lost'] | undefined =
    op === undefined || loses[fault.kind] === undefined || phase === 'after answer'
      ? undefined
      : phase === 'before apply'
        ? 'request'
        : 'answer';
  const text = printFault(fault);
  world.recorder.step(`fault ${fault.kind}`);
  world.recorder.add(
    { kind: 'fault', index, fault: text, ...(lost !== undefined && { lost }) },
    op?.line,
  );
}

/** What cannot be done where it was placed has not struck. */
function canStrike(
  world: World,
  { fault }: PlannedFault,
  op: Op | undefined,
  phase: Phase | undefined,
): boolean {
  const { kind, on = '', place, with: options } = fault;
  const struck = (name: string): boolean => {
    const slot = world.supervisor.slots.get(name);
    if (slot?.process === undefined) return false;
    if (kind === 'freeze') return !slot.process.frozen;
    return slot.whenStopped === undefined || (kind !== 'stop' && kind !== 'restart');
  };
  switch (kind) {
    case 'crash':
    case 'stop':
    case 'restart':
    case 'freeze':
    case 'cut':
      if (place === 'before start') return kind === 'stop' && roleOf(world, on);
      if (on === 'everything') return [...world.supervisor.slots.keys()].some(struck);
      if (on !== '') return struck(on);
      return op?.owner.dead === false && struck(op.point.slot);
    case 'join':
      return world.chapter.roles[on] !== undefined;
    case 'rebalance':
      return groupsOf(world, on).some((group) => world.kafka.members(group).length > 0);
    case 'republish':
      return world.records.knows(on);
    case 'redeliver': {
      const target = parseRedeliverTarget(on);
      if (target === undefined) return false;
      // Forwards, or from nowhere, it would skip records: no redelivery.
      const { group, topic, partition } = target;
      return world.broker.committed(group, topic, partition) > (options?.offset ?? 0);
    }
    case 'reject':
      return op?.kind === 'port';
    case 'outage':
      return op?.kind === 'sql' || (op?.kind === 'port' && phase === 'before apply');
    case 'lock':
      return phase === 'before apply' && op?.lockable !== undefined;
    case 'lock-rows':
      return phase === 'before apply' && op?.wantsRows === true;
    case 'victim':
      return phase === 'before apply' && op?.kind === 'sql';
    case 'error':
      if (op?.kind === 'sql') {
        return phase === 'before apply' && op.mayFailWith.includes(options?.code ?? '');
      }
      return op?.kind === 'kafka' && op.answered && Object.hasOwn(errors, options?.code ?? '');
    case 'lose-response':
      return op?.answered === true;
    case 'lose-request':
    case 'silence':
    case 'delay':
      return op !== undefined;
  }
}

/** The slot that is to start late will exist. */
function roleOf(world: World, slot: string): boolean {
  return Object.keys(world.chapter.roles).some((role) => new RegExp(`^${role}-\\d+$`).test(slot));
}

function groupsOf(world: World, on: string): readonly string[] {
  return on === '' ? world.chapter.groups : [on];
}

function defaultMs(kind: FaultKind): number {
  return kind === 'delay' ? 1_500 : longMs;
}

/** As somebody outside has to call it: a bare name is found in the role's own schema, where it has one. */
function tableOf({ chapter }: World, op: Op | undefined): string {
  const { lockable = '', owner } = op ?? {};
  const isBare = owner !== undefined && chapter.schemas === 'by role' && !lockable.includes('.');
  return isBare ? `${owner.role}.${lockable}` : lockable;
}
