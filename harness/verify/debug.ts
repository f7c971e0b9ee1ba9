/**
 * One schedule in this very process and thread, so that a debugger can stop in the learner's code:
 * before the last call that its process made before the fault. Nothing watches the clock meanwhile,
 * and virtual time stands still by itself.
 *
 * The place is found on a run of the marked program; the stop is compiled in before the statement
 * of that call. All runs must be the same, to the byte.
 */
import { dirname, extname, resolve } from 'node:path';
import { Failure } from '#kernel';
import { loadChapter, resolveChapter, type Chapter } from '#content';
import type { ReadLogin } from '#postgres';
import { printFault, type Schedule } from '#schedule';
import type { CallSite, Visit } from '#sim';
import { forgetful, openCorpus } from './corpus.ts';
import { createDatabases } from './engine/databases.ts';
import type { Outcome, RunOptions } from './engine/outcome.ts';
import { createProgram, type Program } from './engine/program.ts';
import type { CheckRequest } from './request.ts';
import { databaseCache } from './engine/database-cache.ts';
import { exampleOf, program, singleOf } from './run-check.ts';

export interface DebugRequest extends Pick<
  CheckRequest,
  'root' | 'chapter' | 'folders' | 'faults' | 'replay' | 'seed'
> {
  /** So many calls earlier than the last one before the fault. */
  readonly back: number;
}

export interface DebugSession {
  /** Of the call before which it stops: relative to the exercise, from 1. */
  readonly file: string;
  readonly line: number;
  readonly call: string;
  readonly slot: string;
  readonly fault: string;
  /** How many calls of that process lie before this one: as many steps back are possible. */
  readonly earlier: number;
  /** As `psql` wants it; none without tables. */
  readonly database: string | undefined;
  /** The run that stops. Resolves to whether it was the plain run, to the byte. */
  readonly proceed: () => Promise<boolean>;
  readonly close: () => Promise<void>;
}

export async function openDebug(request: DebugRequest): Promise<DebugSession> {
  const chapter = await loadChapter(await resolveChapter(request.chapter, request.root));
  const schedule = scheduleOf(chapter, request);
  const databases = createDatabases(databaseCache(request.root));
  const open = async (how: { sites?: boolean; stopAt?: string }): Promise<Opened> => {
    const { bundle, schema } = await program(chapter, request.folders, request.root, how);
    const database = schema && databases.open(chapter.definition, schema);
    const opened = createProgram(chapter.definition, bundle, database);
    return { ...opened, sites: bundle.sites, reader: async () => (await database)?.reader() };
  };
  try {
    const plain = await open({});
    const { traceHash } = await plain.run(schedule, { fresh: true });
    const marked = await open({ sites: true });
    const outcome = await same(marked, schedule, traceHash);
    const { target, earlier, fault } = targetOf(schedule, outcome, request.back);
    const site = marked.sites.find(({ id }) => id === target.site) as CallSite;
    const stopping = await open({ sites: true, stopAt: site.id });
    const rehearsal = await same(stopping, schedule, traceHash);
    const stopAt = rehearsal.visits?.visits.find(
      ({ site: id, nth }) => id === target.site && nth === target.nth,
    )?.stops;
    if (stopAt === undefined || stopAt === 0) throw new Failure('TROUBLE', noPlace(site));
    return {
      file: fileOf(site, chapter, request),
      line: site.line,
      call: site.call,
      slot: target.slot,
      fault,
      earlier,
      database: loginOf(await stopping.reader()),
      proceed: async () =>
        (await stopping.run(schedule, { fresh: true, stopAt })).traceHash === traceHash,
      close: () => databases.close(),
    };
  } catch (error) {
    await databases.close();
    throw error;
  }
}

interface Opened extends Program {
  readonly sites: readonly CallSite[];
  readonly reader: () => Promise<ReadLogin | undefined>;
}

function scheduleOf(chapter: Chapter, request: DebugRequest): Schedule {
  const corpus =
    request.replay === undefined ? forgetful : openCorpus(request.root, chapter.folder);
  const example = exampleOf(chapter, request.seed ?? 42);
  return singleOf(request, corpus, example) ?? example;
}

async function same({ run }: Program, schedule: Schedule, traceHash: string): Promise<Outcome> {
  const options: Omit<RunOptions, 'program'> = { fresh: true, wantFacts: true };
  const outcome = await run(schedule, options);
  if (outcome.traceHash === traceHash && traceHash !== '') return outcome;
  throw new Failure('UNCONTROLLED', 'Watching the calls changes this run: it cannot be stopped.');
}

/** The last call of the struck process before the last fault that struck it. */
function targetOf(
  schedule: Schedule,
  { visits: log, fired, facts = [] }: Outcome,
  back: number,
): { readonly target: Visit; readonly earlier: number; readonly fault: string } {
  const strike = log?.strikes.at(-1);
  const index = facts.findLast((fact) => fact.kind === 'fault')?.index ?? fired.at(-1);
  const fault = schedule.faults[index ?? -1];
  if (strike === undefined || fault === undefined) {
    throw new Failure('USAGE', 'Nothing strikes in this run: there is no fault to stop at.');
  }
  const { place, on } = fault;
  const slot = typeof place === 'object' && 'point' in place ? place.point.slot : on;
  const before = (log?.visits ?? [])
    .filter((visit) => visit.order <= strike && (slot === undefined || visit.slot === slot))
    .toSorted((a, b) => a.order - b.order);
  const target = before.at(-1 - back);
  if (target === undefined) {
    const most = before.length - 1;
    const words = most < 0 ? 'Before this fault no call of yours was made.' : tooFar(most);
    throw new Failure('USAGE', words);
  }
  return { target, earlier: before.length - 1 - back, fault: printFault(fault) };
}

const tooFar = (most: number): string => `Only ${most} calls lie before the fault: --back ${most}.`;

const noPlace = ({ call }: CallSite): string => `There is no statement to stop at before ${call}.`;

function fileOf({ path }: CallSite, chapter: Chapter, { folders, root }: DebugRequest): string {
  const file = resolve(root, path);
  const folder = folders
    .map((each) => resolve(root, each))
    .find((each) => file.startsWith(`${each}/`));
  return folder === undefined ? path : file.slice(folder.length + 1);
}

/** `host=… port=… user=… dbname=…` */
function loginOf(login: ReadLogin | undefined): string | undefined {
  if (login === undefined) return undefined;
  const { address, user, database } = login;
  const host = 'path' in address ? dirname(address.path) : address.host;
  const port = 'path' in address ? extname(address.path).slice(1) : address.port;
  return `host=${host} port=${port} user=${user} dbname=${database}`;
}
