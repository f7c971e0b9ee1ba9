/**
 * How processes get their code. The learner's own files are evaluated anew for every process. While searching, the
 * client libraries are evaluated once per thread, because a cold copy halves the rate; they then run under globals that
 * stand for "whichever process runs now". With `fresh`, and for every other package, each process has its own copy.
 */
import type { SourceLine } from '#check';
import { Failure } from '#kernel';
import type { ChapterDefinition } from '#kit';
import type { Bundle } from './bundle/bundle.ts';
import { prepare, type Prepared } from './bundle/prepare.ts';
import { firstLearnerFrame, inExercise, mapText } from './bundle/stacks.ts';
import { startCarrying } from './injected/context.ts';
import { createGlobals, globalNames, type GlobalsOptions } from './injected/globals.ts';
import { evaluateLibraries, evaluateService, type Libraries } from './injected/evaluate.ts';
import { snapshotShared, type SharedState } from './injected/leaks.ts';
import type { Incarnation } from './incarnation.ts';
import { describeError } from './lines.ts';
import { brokerAddress, databaseAddress, databaseName } from './network.ts';
import { createRoutingHost } from './routing-host.ts';
import type { RunningService } from './supervisor.ts';
import type { Loader, World } from './world.ts';

export interface BundleLoader extends Loader {
  /** What runs share, evaluated while none goes on; the first of them does it otherwise. */
  warm(): void;
  /** The run whose processes are loaded from now on; `fresh` = nothing is shared between them. */
  begin(world: LoadedWorld, options: { readonly fresh: boolean }): void;
  /** What the run changed for whoever comes after it, by name; put back. */
  end(): readonly string[];
}

/** The part of a world that a loader looks at. */
type LoadedWorld = Pick<World, 'current' | 'visits'>;

/**
 * Packages whose state is known well enough to be shared while searching. What `pg` keeps behind closures (parsers of
 * types) is set again by each process; where it is not, runs with nothing shared differ, and are the ones that count.
 */
const shareable = new Set(['kafkajs', 'pg']);

export function createLoader(bundle: Bundle, chapter: ChapterDefinition): BundleLoader {
  return new EvaluatingLoader(bundle, chapter);
}

class EvaluatingLoader implements BundleLoader {
  readonly #bundle: Bundle;
  readonly #chapter: ChapterDefinition;
  readonly #prepared: Prepared;
  readonly #options: GlobalsOptions;
  readonly #sharedNow = new Map<string, unknown>();
  #world: LoadedWorld | undefined;
  #shared: Libraries | undefined;
  #snapshot: SharedState | undefined;
  #fresh = false;
  readonly #leaks = new Set<string>();

  constructor(bundle: Bundle, chapter: ChapterDefinition) {
    this.#bundle = bundle;
    this.#chapter = chapter;
    this.#prepared = prepare(this.#bundle, globalNames);
    this.#options = { projectRoot: this.#bundle.projectRoot };
  }

  begin(run: LoadedWorld, options: { readonly fresh: boolean }): void {
    this.#world = run;
    this.#fresh = options.fresh;
    this.warm();
  }

  warm(): void {
    if (this.#snapshot !== undefined) return;
    for (const name of this.#bundle.libraries.packages)
      if (shareable.has(name)) this.#sharedLibrary(name);
    this.#snapshot = snapshotShared(Object.fromEntries(this.#sharedNow));
  }

  end(): readonly string[] {
    this.#look();
    const found = [...this.#leaks];
    if (found.length > 0) this.#snapshot?.restore();
    this.#leaks.clear();
    this.#world = undefined;
    return found;
  }

  died(): void {
    this.#look();
  }

  load(process: Incarnation, ports: object): Promise<RunningService> {
    let start: (env: object) => Promise<RunningService>;
    try {
      start = this.#service(process) as typeof start;
    } catch (error) {
      if (process.dead) return new Promise(() => undefined);
      return Promise.reject(this.#doesNotLoad(error));
    }
    return new Promise((resolve, reject) => {
      Promise.resolve(start(environmentOf(process, ports))).then((running) => {
        if (typeof (running as Partial<RunningService> | undefined)?.stop === 'function') {
          return resolve(running);
        }
        const where = this.#chapter.roles[process.role]?.file ?? 'the exercise';
        const message =
          `${where}: ${process.role} must resolve to an object with a function stop, ` +
          'so that it can be stopped.';
        return reject(new Failure('DOES_NOT_LOAD', message));
      }, reject);
    });
  }

  readable(text: string): string {
    return mapText(text, this.#bundle);
  }

  #look(): void {
    for (const leak of this.#snapshot?.compare({ thorough: this.#fresh }) ?? [])
      this.#leaks.add(leak);
    // What the language remembers of the last match would reach the next process.
    /(?:)/.exec('');
  }

  #sharedLibrary(name: string): unknown {
    if (this.#sharedNow.has(name)) return this.#sharedNow.get(name);
    this.#shared ??= evaluateLibraries(
      this.#prepared,
      createGlobals(
        createRoutingHost(() => this.#world?.current),
        this.#options,
      ),
    );
    const exports = this.#shared(name);
    this.#sharedNow.set(name, exports);
    return exports;
  }

  #service(process: Incarnation): unknown {
    const globals = createGlobals(process, this.#options);
    let own: Libraries | undefined;
    const libraries: Libraries = (name) => {
      if (!this.#fresh && shareable.has(name)) return this.#sharedLibrary(name);
      own ??= evaluateLibraries(this.#prepared, globals);
      return own(name);
    };
    const hooks = this.#world?.visits?.hooks(process);
    // Otherwise what a client does later, after a timer, would be nobody's doing.
    if (hooks !== undefined) startCarrying(process);
    const file = evaluateService(this.#prepared, globals, libraries, hooks)[process.role]?.();
    const exported = file?.[process.role];
    if (typeof exported === 'function') return exported;
    const where = this.#chapter.roles[process.role]?.file ?? 'the exercise';
    throw new Failure('DOES_NOT_LOAD', `${where} ${notAService(process.role, file ?? {})}`);
  }

  lineOf(stack: string): SourceLine | undefined {
    const frame = firstLearnerFrame(stack, this.#bundle);
    return frame && { file: frame.file, line: frame.line, column: frame.column };
  }

  lineOfSite(site: string): SourceLine | undefined {
    return this.callOfSite(site)?.line;
  }

  callOfSite(site: string): { text: string; line: SourceLine } | undefined {
    const found = this.#bundle.sites.find(({ id }) => id === site);
    if (found === undefined) return undefined;
    const { path, line, column, call: text } = found;
    return { text, line: { file: inExercise(path, this.#bundle), line, column } };
  }

  #doesNotLoad(error: unknown): Failure {
    if (error instanceof Failure) return error;
    const line = error instanceof Error ? this.lineOf(error.stack ?? '') : undefined;
    const where = line === undefined ? 'the exercise' : `${line.file}:${line.line}`;
    const message = `${where} does not load: ${describeError(error)}.`;
    return Object.assign(new Failure('DOES_NOT_LOAD', message, { cause: error }), line && { line });
  }
}

function notAService(role: string, exported: Record<string, unknown>): string {
  if (exported[role] !== undefined) return `exports ${role}, which is not a function.`;
  const others = Object.keys(exported).filter((name) => typeof exported[name] === 'function');
  const found = others.length === 0 ? 'it exports no function' : `it exports ${others.join(', ')}`;
  return `does not export ${role}, the service that the chapter starts; ${found}.`;
}

function environmentOf(process: Incarnation, ports: object): object {
  const { host, port } = brokerAddress;
  return {
    kafka: { clientId: process.slot, brokers: [`${host}:${port}`], logLevel: 1 },
    database: { ...databaseAddress, user: process.role, database: databaseName },
    slot: process.slot,
    ports,
  };
}
