/**
 * Time and chance of one incarnation: `Date`, `Intl.DateTimeFormat`, `performance`, `Math`.
 *
 * `Date` shares its prototype with the thread's own, so `instanceof` holds for values from
 * anywhere; only asking for the present differs. `date.constructor` is therefore the real `Date`:
 * code that asks it for the time is not replayable, which a second run shows.
 *
 * Left out: local time. The simulation's process runs with TZ=UTC.
 */
import type { Host } from './host.ts';

const RealDate = Date;
const RealFormat = Intl.DateTimeFormat;
type DateArguments = [string | number | Date];

export function createDate(host: Host): DateConstructor {
  function FacadeDate(...args: unknown[]): Date | string {
    if (new.target === undefined) return new RealDate(host.nowMs()).toString();
    const values = args.length === 0 ? [host.nowMs()] : args;
    if (new.target === FacadeDate) return new RealDate(...(values as DateArguments));
    return Reflect.construct(RealDate, values, new.target) as Date;
  }
  FacadeDate.prototype = RealDate.prototype;
  FacadeDate.now = () => Math.floor(host.nowMs());
  FacadeDate.parse = RealDate.parse;
  FacadeDate.UTC = RealDate.UTC;
  Object.defineProperty(FacadeDate, 'name', dateName);
  return FacadeDate as unknown as DateConstructor;
}

const dateName = { value: 'Date' };

/** `Intl` whose formatter means the virtual present when it is given no date. */
export function createIntl(host: Host): typeof Intl {
  function DateTimeFormat(...args: ConstructorParameters<typeof RealFormat>) {
    const real = new RealFormat(...args);
    const format = real.format.bind(real);
    const parts = real.formatToParts.bind(real);
    return Object.defineProperties(real, {
      format: { value: (date: Date | number = host.nowMs()) => format(date) },
      formatToParts: { value: (date: Date | number = host.nowMs()) => parts(date) },
    });
  }
  DateTimeFormat.prototype = RealFormat.prototype;
  DateTimeFormat.supportedLocalesOf = (...args: Parameters<typeof RealFormat.supportedLocalesOf>) =>
    RealFormat.supportedLocalesOf(...args);
  return { ...intlTemplate, DateTimeFormat } as unknown as typeof Intl;
}

export const templateOf = (real: object): Record<PropertyKey, unknown> =>
  Object.fromEntries(
    Reflect.ownKeys(real).map((key) => [key, (real as Record<PropertyKey, unknown>)[key]]),
  );

const intlTemplate = templateOf(Intl);
const mathTemplate = templateOf(Math);

export const createMath = (host: Host): typeof Math =>
  ({ ...mathTemplate, random: () => host.random.next() }) as unknown as typeof Math;

interface Entry {
  readonly name: string;
  readonly entryType: 'mark' | 'measure';
  readonly startTime: number;
  readonly duration: number;
  readonly detail: unknown;
}

interface MeasureOptions {
  readonly start?: string | number;
  readonly end?: string | number;
  readonly duration?: number;
  readonly detail?: unknown;
}

/** What is hung on an instance dies with it; changes of the class are found by leaks.ts. */
export class VirtualPerformance {
  readonly #host: Host;
  #entries: Entry[] = [];

  constructor(host: Host) {
    this.#host = host;
  }

  get timeOrigin(): number {
    return this.#host.nowMs() - this.#host.monotonicMs();
  }
  get nodeTiming(): object {
    return { name: 'node', entryType: 'node', startTime: 0, duration: this.now() };
  }
  now(): number {
    return this.#host.monotonicMs();
  }
  mark(name: string, options?: { startTime?: number; detail?: unknown }): Entry {
    const startTime = options?.startTime ?? this.now();
    return this.#add({
      name,
      entryType: 'mark',
      startTime,
      duration: 0,
      detail: options?.detail ?? null,
    });
  }
  measure(name: string, from?: string | MeasureOptions, to?: string): Entry {
    const options: MeasureOptions =
      typeof from === 'object' ? from : { ...(from && { start: from }), ...(to && { end: to }) };
    const startTime = this.#timeOf(options.start) ?? 0;
    const endTime =
      options.duration === undefined
        ? (this.#timeOf(options.end) ?? this.now())
        : startTime + options.duration;
    const detail = options.detail ?? null;
    return this.#add({
      name,
      entryType: 'measure',
      startTime,
      duration: endTime - startTime,
      detail,
    });
  }
  #timeOf(mark: string | number | undefined): number | undefined {
    if (typeof mark !== 'string') return mark;
    const found = this.#entries.findLast(
      ({ name, entryType }) => name === mark && entryType === 'mark',
    );
    if (found) return found.startTime;
    throw new DOMException(`The "${mark}" performance mark has not been set`, 'SyntaxError');
  }
  #add(entry: Entry): Entry {
    this.#entries.push(entry);
    return entry;
  }
  getEntries(): Entry[] {
    return this.#entries.toSorted((a, b) => a.startTime - b.startTime);
  }
  getEntriesByName(wanted: string, type?: string): Entry[] {
    return this.getEntries().filter(
      ({ name, entryType }) => name === wanted && (type === undefined || type === entryType),
    );
  }
  getEntriesByType(type: string): Entry[] {
    return this.getEntries().filter(({ entryType }) => type === entryType);
  }
  clearMarks(name?: string): void {
    this.#clear('mark', name);
  }
  clearMeasures(name?: string): void {
    this.#clear('measure', name);
  }
  #clear(type: string, name: string | undefined): void {
    this.#entries = this.#entries.filter(
      (entry) => entry.entryType !== type || (name !== undefined && entry.name !== name),
    );
  }
  clearResourceTimings(): void {
    // No resources are loaded here.
  }
  timerify<T>(wrapped: T): T {
    return wrapped;
  }
  eventLoopUtilization(): { idle: number; active: number; utilization: number } {
    return { idle: 0, active: 0, utilization: 0 };
  }
  toJSON(): object {
    return { timeOrigin: this.timeOrigin, nodeTiming: this.nodeTiming };
  }
}
