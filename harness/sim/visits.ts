/**
 * Which of the learner's calls an operation belongs to. Only in runs of a bundle whose calls are
 * marked (bundle/sites.ts); such a run is the same as the plain one, to the byte.
 *
 * A *visit* is one call that returned a promise. Which one asked for an operation is known from the
 * asynchronous context in which its bytes were written or its port was called: `enter` sets it,
 * `leave` puts it back, and promises carry it on. So what a client goes on doing in the background
 * (fetches, automatic commits) belongs to the call that set it going, `consumer.run`. Where a client
 * queues (several queries on one connection), the context is that of whoever emptied the queue;
 * then statement and parameters, or topic and record, decide among the calls that are open.
 *
 * Whether a promise is settled is read from outside: nothing is ever added to it.
 *
 * Left out: a thenable that is no promise is a visit, but is never seen to be open afterwards.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect, types } from 'node:util';
import { asksFor, type Asked } from './asked.ts';

/** A visit as a run reports it. Positions are indices of the run's crossings. */
export interface Visit {
  readonly site: string;
  readonly slot: string;
  readonly incarnation: number;
  /** How many crossings there had been when it began, and when it was first seen to be over. */
  readonly enteredAt: number;
  readonly settledAt?: number;
  /** How many commands the process had been given by then. */
  readonly enteredAfter: number;
  readonly settledAfter?: number;
  /** Which call of the run it was, and which of this site, both from 1. */
  readonly order: number;
  readonly nth: number;
  /** How often the run had come to the place where a debugger may stop. */
  readonly stops: number;
  /** Crossings of its own operations and of those that it waited for. */
  readonly crossings: readonly number[];
}

/** What a run of marked code was seen to call. */
export interface VisitLog {
  readonly visits: readonly Visit[];
  /** Every marked call that was made at all, by site. */
  readonly called: readonly string[];
  /** By crossing: how many commands its process had been given. */
  readonly commands: readonly number[];
  /** When faults struck: how many calls there had been. */
  readonly strikes: readonly number[];
}

/** Where an operation was asked for: handed to whoever names it. */
export interface Asker {
  readonly call: Call;
  /** The calls around it that had not come to their end. */
  readonly open: readonly Call[];
}

export interface Visits {
  /** What the marked code of a process is given for `siteHooks`, in their order. */
  hooks(process: Owner): readonly [Enter, Leave, Stop];
  /** An event begins: nobody has called anything yet. */
  begin(): void;
  /** Who asks for something right now. */
  here(): Asker | undefined;
  /** The calls that an operation belongs to, its own first. */
  of(owner: Owner, asker: Asker | undefined, asked: Asked): readonly Call[];
  /** An operation of these calls crosses. */
  crossed(owner: Owner, calls: readonly Call[], index: number): void;
  /** A fault strikes. */
  struck(): void;
  /** A process is given a command. */
  commanded(owner: Owner): void;
  /** Sites of the calls of a process that are still open, and of which nothing ever crossed. */
  unanswered(owner: Owner): readonly string[];
  /** All but what only closing commands made. */
  log(): VisitLog;
}

type Enter = (site: string, args: unknown[]) => unknown[];
type Leave = (site: string, value: unknown) => unknown;
type Stop = () => boolean;

interface Owner {
  readonly slot: string;
  readonly incarnation: number;
  readonly dead: boolean;
}

/** The part of a world that visits look at. */
interface Course {
  readonly closing: boolean;
  readonly gate: { readonly crossings: readonly unknown[] };
}

/** A marked call, whatever it turns out to return. */
export interface Call {
  readonly site: string;
  readonly owner: Owner;
  readonly args: readonly unknown[];
  readonly parent: Call | undefined;
  /** Calls that were given this one's promise: they wait for it. */
  readonly waiting: Call[];
  readonly enteredAt: number;
  readonly enteredAfter: number;
  readonly order: number;
  readonly nth: number;
  readonly stops: number;
  readonly closing: boolean;
  readonly crossings: number[];
  /** `called` = it has not returned; what threw stays so. `plain` = it returned no promise. */
  state: 'called' | 'plain' | 'pending' | 'settled';
  promise: object | undefined;
  settledAt: number | undefined;
  settledAfter: number | undefined;
}

/** `stopAt`: which time at the marked statement the debugger stops, from 1. */
export function createVisits(course: Course, stopAt?: number): Visits {
  return new ContextVisits(course, stopAt);
}

class ContextVisits implements Visits {
  readonly #course: Course;
  readonly #context = new AsyncLocalStorage<Call | undefined>();
  readonly #visits: Call[] = [];
  readonly #called = new Map<string, number>();
  readonly #stopAt: number | undefined;
  readonly #strikes: number[] = [];
  #order = 0;
  #stops = 0;
  readonly #given = new Map<Owner, number>();
  readonly #commands: number[] = [];
  readonly #byPromise = new WeakMap<object, Call>();

  constructor(course: Course, stopAt: number | undefined) {
    this.#course = course;
    this.#stopAt = stopAt;
  }

  hooks(owner: Owner): readonly [Enter, Leave, Stop] {
    return [
      (site, args) => {
        this.#enter(owner, site, args);
        return args;
      },
      (site, value) => {
        this.#leave(site, value);
        return value;
      },
      () => !owner.dead && ++this.#stops === this.#stopAt,
    ];
  }

  begin(): void {
    if (this.#context.getStore() !== undefined) this.#context.enterWith(undefined);
  }

  here(): Asker | undefined {
    const call = this.#context.getStore();
    return call && { call, open: [...around(call)].filter((each) => isOpen(each)) };
  }

  of(owner: Owner, asker: Asker | undefined, asked: Asked): readonly Call[] {
    const call = asker && returned(asker.call);
    const isQueued = call === undefined || !asker?.open.includes(call);
    const match =
      isQueued || asked.statement !== undefined ? this.#match(owner, asked, call) : call;
    if (match !== undefined && match !== call) return [...around(match)].filter(isOpenVisit);
    if (call === undefined) return [];
    const then = asker?.open.filter(({ promise }) => promise !== undefined) ?? [];
    return [...new Set([call, ...then, ...[...around(call)].filter(isOpenVisit)])];
  }

  struck(): void {
    this.#strikes.push(this.#order);
  }

  commanded(owner: Owner): void {
    this.#look();
    this.#given.set(owner, this.#givenTo(owner) + 1);
  }

  crossed(owner: Owner, calls: readonly Call[], index: number): void {
    this.#look();
    this.#commands[index] = this.#givenTo(owner);
    for (const call of calls) call.crossings.push(index);
  }

  unanswered(owner: Owner): readonly string[] {
    return this.#visits
      .filter((call) => call.owner === owner && isOpenVisit(call) && call.crossings.length === 0)
      .map(({ site }) => site);
  }

  log(): VisitLog {
    this.#look();
    return {
      visits: this.#visits.filter(({ closing }) => !closing).map(visitOf),
      called: [...this.#called.keys()],
      commands: this.#commands,
      strikes: this.#strikes,
    };
  }

  #enter(owner: Owner, site: string, args: readonly unknown[]): void {
    if (owner.dead) return;
    const nth = (this.#called.get(site) ?? 0) + 1;
    if (!this.#course.closing) this.#called.set(site, nth);
    const call: Call = {
      site,
      owner,
      args,
      parent: this.#context.getStore(),
      waiting: [],
      enteredAt: this.#course.gate.crossings.length,
      enteredAfter: this.#givenTo(owner),
      order: ++this.#order,
      nth,
      stops: this.#stops,
      closing: this.#course.closing,
      crossings: [],
      state: 'called',
      promise: undefined,
      settledAt: undefined,
      settledAfter: undefined,
    };
    for (const given of args.flatMap((arg) => (Array.isArray(arg) ? [...arg] : [arg]))) {
      if (types.isPromise(given)) this.#byPromise.get(given)?.waiting.push(call);
    }
    this.#context.enterWith(call);
  }

  /** Calls inside that threw never left: it is the next one outwards that bears this name. */
  #leave(site: string, value: unknown): void {
    let call = this.#context.getStore();
    while (call !== undefined && (call.site !== site || call.state !== 'called'))
      call = call.parent;
    if (call === undefined) return;
    this.#context.enterWith(call.parent);
    if (!isThenable(value)) return void (call.state = 'plain');
    call.promise = value;
    call.state = isPending(value) ? 'pending' : 'settled';
    if (call.state === 'settled') this.#settled(call);
    if (!this.#byPromise.has(value)) this.#byPromise.set(value, call);
    this.#visits.push(call);
  }

  /** Which promises have settled since the last look. */
  #look(): void {
    for (const call of this.#visits) {
      if (call.state !== 'pending' || isPending(call.promise)) continue;
      this.#settled(call);
    }
  }

  #settled(call: Call): void {
    call.state = 'settled';
    call.settledAt = this.#course.gate.crossings.length;
    call.settledAfter = this.#givenTo(call.owner);
  }

  #givenTo(owner: Owner): number {
    return this.#given.get(owner) ?? 0;
  }

  /** The open call that asks for just this; the one that is under way, if it does as well. */
  #match(owner: Owner, asked: Asked, call: Call | undefined): Call | undefined {
    const fits = (each: Call): boolean => asksFor(asked, each.args);
    if (call !== undefined && isOpenVisit(call) && fits(call)) return call;
    const open = this.#visits.filter((each) => each.owner === owner && isOpenVisit(each));
    // Of equal ones the first that has got nothing yet: clients keep the order.
    const found = open.filter(fits);
    return found.find(({ crossings }) => crossings.length === 0) ?? found.at(-1);
  }
}

function visitOf({ owner, settledAt, settledAfter, ...call }: Call): Visit {
  const { site, enteredAt, enteredAfter, order, nth, stops, crossings } = call;
  return {
    site,
    slot: owner.slot,
    incarnation: owner.incarnation,
    enteredAt,
    enteredAfter,
    ...(settledAt !== undefined && { settledAt }),
    ...(settledAfter !== undefined && { settledAfter }),
    order,
    nth,
    stops,
    crossings,
  };
}

const isOpen = ({ state, promise }: Call): boolean =>
  state === 'called' || (state === 'pending' && isPending(promise));

const isOpenVisit = (call: Call): boolean => call.promise !== undefined && isOpen(call);

/** Itself or the first one outwards that returned a promise. */
function returned(call: Call): Call | undefined {
  let next: Call | undefined = call;
  while (next !== undefined && next.promise === undefined) next = next.parent;
  return next;
}

/** A call, those it was made in, and those that wait for it; each once. */
function around(call: Call): Set<Call> {
  const found = new Set<Call>();
  const queue: (Call | undefined)[] = [call];
  for (let next = queue.shift(); queue.length > 0 || next !== undefined; next = queue.shift()) {
    if (next === undefined || found.has(next)) continue;
    found.add(next);
    queue.push(...next.waiting, next.parent);
  }
  return found;
}

/** Without touching it: no getter and no proxy of the learner's runs. */
function isThenable(value: unknown): value is object {
  if (types.isPromise(value)) return true;
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  for (let object: object | null = value; object !== null; object = Object.getPrototypeOf(object)) {
    if (types.isProxy(object)) return false;
    const found = Object.getOwnPropertyDescriptor(object, 'then');
    if (found !== undefined) return typeof found.value === 'function';
  }
  return false;
}

/** Read off what Node prints of it; there is no other way that adds nothing. */
function isPending(value: unknown): boolean {
  if (!types.isPromise(value)) return false;
  const text = inspect(value, { depth: 0, customInspect: false, getters: false });
  return /^[^{]*\{\s+<pending>/.test(text);
}
