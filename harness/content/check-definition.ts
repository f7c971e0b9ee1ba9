/**
 * The definition of a chapter against its own promises. TypeScript has checked the types where
 * `chapter.ts` is compiled; here stands what types cannot say.
 */
import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import type { ChapterDefinition, Command, Sending } from '#kit';
import type { Chapter } from './chapters.ts';
import { schemaFilesOf } from './files.ts';
import type { Report } from './problem.ts';

const sharedProperties = new Set([
  'no-loss',
  'no-invention',
  'commit-safe',
  'progress',
  'idle-restart',
  'calm-exact',
  'key-order',
  'stable-id',
  'atomic',
  'crash-consistent',
]);

/** Findings that the engine makes without a property; a chapter may have hints for them. */
const engineFindings = new Set(['stays-up', 'comes-to-rest']);

export function checkDefinition(chapter: Chapter, report: Report): void {
  const { definition, folder } = chapter;
  const file = `chapters/${folder}/chapter.ts`;
  const say = (sentence: string): void => report('definition', sentence, { file });
  checkWords(definition, say);
  checkWorld(definition, say);
  checkProperties(definition, say);
  checkWorkload(definition, say);
  checkTables(chapter, say);
}

type Say = (sentence: string) => void;

function checkWords({ title, promise, minutes, pass }: ChapterDefinition, say: Say): void {
  if (!title.trim()) say('It has no title.');
  if (!/^\p{Lu}.*\.$/u.test(promise)) say('The promise must be one sentence with a full stop.');
  if (!(Number.isInteger(minutes) && minutes > 0)) say('minutes must be a whole number above 0.');
  if (![1, 2, 3].includes(pass)) say('pass must be level 1, 2 or 3.');
}

function checkWorld({ roles, topics, groups }: ChapterDefinition, say: Say): void {
  if (Object.keys(roles).length === 0) say('It has no role, so there is nothing to run.');
  for (const [role, { instances }] of Object.entries(roles)) {
    const [least, most] = instances;
    if (!(least >= 1 && most >= least)) {
      say(`Role ${role} must have instances [least, most] with 1 ≤ least ≤ most.`);
    }
  }
  for (const [topic, { partitions }] of Object.entries(topics)) {
    if (!(Number.isInteger(partitions) && partitions >= 1)) {
      say(`Topic ${topic} must have at least one partition.`);
    }
  }
  if (new Set(groups).size < groups.length) say('A group is named twice.');
}

function checkTables({ definition, path }: Chapter, say: Say): void {
  const { tables } = definition;
  const wanted = tables === undefined ? [] : schemaFilesOf(definition).map(({ file }) => file);
  const found = readdirSync(path).filter((file) => file.endsWith('.sql'));
  for (const file of found.filter((name) => !wanted.includes(name))) {
    const why = tables === undefined ? 'no tables are declared' : 'no role has its tables there';
    say(`There is a ${file}, but ${why}.`);
  }
  if (tables === undefined) return;
  if (!found.some((name) => wanted.includes(name))) {
    say(`It declares tables, but there is no ${wanted.join(' or ')} beside it.`);
  }
  for (const [name, query] of Object.entries(tables)) {
    if (!/^\s*(select|with|table)\b/i.test(query)) say(`The query of table ${name} reads nothing.`);
  }
}

function checkProperties(definition: ChapterDefinition, say: Say): void {
  const { properties, hints, stub, mutants, flow } = definition;
  const names = Object.keys(properties);
  const known = (name: string): boolean => Object.hasOwn(properties, name);
  if (names.length === 0) say('It has no property, so nothing can break.');
  for (const [name, property] of Object.entries(properties)) {
    if (property === 'shared' && !sharedProperties.has(name)) {
      say(`There is no shared property ${name}: one of ${[...sharedProperties].join(', ')}.`);
    }
    const questions = hints[name] ?? [];
    if (questions.length < 2)
      say(`Property ${name} needs two or three hints; it has ${questions.length}.`);
    if (!Object.values(mutants).some(({ breaks }) => breaks === name)) {
      say(`No mutant breaks ${name}, so nothing shows that it can fail.`);
    }
  }
  for (const name of Object.keys(hints)) {
    if (!known(name) && !engineFindings.has(name))
      say(`There are hints for ${name}, which is no property here.`);
  }
  if (!known(stub.breaks)) say(`The stub breaks ${stub.breaks}, which is no property here.`);
  const faults = typeof stub.by === 'string' ? [stub.by] : stub.by;
  if (faults.length < 1 || faults.length > 2) say('The stub must fail by one or two faults.');
  for (const [mutant, { breaks }] of Object.entries(mutants)) {
    if (!known(breaks)) say(`Mutant ${mutant} breaks ${breaks}, which is no property here.`);
  }
  for (const part of ['id', 'name', 'event'] as const) {
    for (const topic of Object.keys(flow[part] ?? {})) {
      if (!Object.hasOwn(definition.topics, topic))
        say(`flow.${part} names topic ${topic}, which is not declared.`);
    }
  }
}

function checkWorkload(definition: ChapterDefinition, say: Say): void {
  const { workload } = definition;
  if (workload.example.length === 0) say('The example has no command.');
  const closing = [1, 2, 3].map((n) => workload.closing(n));
  checkCommands(definition, 'The example', [...workload.example, ...closing], say);
  const lists = fc.sample(workload.commands, { seed: 1, numRuns: 30 });
  for (const list of lists) {
    if (!checkCommands(definition, 'The arbitrary', [...list, ...closing], say)) return;
  }
}

/**
 * Ids are words, never twice; commands are plain data; each reaches something declared. Closing
 * ones count as well.
 */
function checkCommands(
  definition: ChapterDefinition,
  whose: string,
  commands: readonly Command[],
  say: Say,
): boolean {
  const idOf = definition.workload.id as (command: Command) => string;
  const send = definition.workload.send as (command: Command) => Sending;
  const ids = new Set<string>();
  let sentence: string | undefined;
  for (const command of commands) {
    const id = idOf(command);
    if (!/^[\p{L}\p{N}_.:-]+$/u.test(id))
      sentence = `has the id "${id}": use letters, digits, - _ . :`;
    else if (ids.has(id)) sentence = `has two commands with the id ${id} (closing ones count)`;
    else if (!isPlain(command)) sentence = `has a command that is not plain data: ${id}`;
    else sentence = unreachable(definition, id, send(command));
    if (sentence !== undefined) break;
    ids.add(id);
  }
  if (sentence !== undefined) say(`${whose} ${sentence}.`);
  return sentence === undefined;
}

function unreachable(
  definition: ChapterDefinition,
  id: string,
  sending: Sending,
): string | undefined {
  if ('role' in sending) {
    const known = Object.hasOwn(definition.roles, sending.role);
    return known ? undefined : `sends ${id} to role ${sending.role}, which is not declared`;
  }
  const topic = definition.topics[sending.topic];
  if (!topic) return `sends ${id} to topic ${sending.topic}, which is not declared`;
  const { partition = 0 } = sending;
  return partition < topic.partitions
    ? undefined
    : `sends ${id} to partition ${partition}, which is not there`;
}

/** Survives the way into a file and back: commands stand in schedules and cross to processes. */
function isPlain(command: Command): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(command)), { ...command });
}
