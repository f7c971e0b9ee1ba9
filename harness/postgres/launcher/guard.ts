/**
 * The guard of one server: a process of its own that starts PostgreSQL, knows which of its backends
 * are stopped, and outlives whoever started it just long enough to end all of it. It notices that its
 * launcher is gone because the channel between them closes, however that happened; it is the
 * postmaster's parent, so it notices that too.
 *
 * It leads a session of its own: what a terminal sends on Ctrl-C reaches the launcher, not the server.
 * Of a guard that is killed itself, its launcher takes the place (server.ts): it knows the same.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '#kernel';
import { initialise, serve, type Postmaster } from './cluster.ts';
import { endProcesses, removeData, removeServer } from './ending.ts';
import { clearLeftovers, makeServerFolder, serverFolder } from './leftovers.ts';
import type { FromGuard, Plan, ToGuard } from './messages.ts';
import { failureOf } from './trouble.ts';
import { copyTemplate, discardTemplate, moveIntoPlace, templateOf } from './template.ts';

const stopped = new Set<number>();
let plan: Plan | undefined;
let child: ChildProcess | undefined;
let ending: Promise<never> | undefined;

/** The end looks for processes only for a while: none may come later. */
const onChild = (next: ChildProcess): void => {
  child = next;
  if (ending !== undefined) next.kill('SIGKILL');
};

function carryOn(): void {
  if (ending !== undefined) throw new Failure('NO_DATABASE', 'The start was given up.');
}

function say(message: FromGuard): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });
}

async function start(asked: Plan): Promise<void> {
  plan = asked;
  try {
    await clearLeftovers(asked.base);
    carryOn();
    const folder = makeServerFolder(asked);
    const postmaster = await startFromTemplate(asked, folder);
    if (ending !== undefined) return;
    await say({ kind: 'ready', pid: postmaster.pid, port: postmaster.port });
    await postmaster.gone;
    await end('PostgreSQL ended although nobody asked it to: run the command again.');
  } catch (error) {
    if (ending !== undefined) return;
    const { code, message } = failureFrom(error, asked);
    await say({ kind: 'failed', code, message });
    await end(undefined);
  }
}

/** What the system refuses (a full disk) is no bug of ours. */
function failureFrom(error: unknown, { postgres, runAs }: Plan): Failure {
  if (error instanceof Failure) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'syscall' in error) {
    return failureOf({ program: postgres, text, runAs });
  }
  return new Failure('TROUBLE', text, { cause: error });
}

/** A template that does not start (half written when the power went) is made anew, once. */
async function startFromTemplate(asked: Plan, folder: string): Promise<Postmaster> {
  const template = templateOf(asked.base, asked.runAs);
  const data = join(folder, 'data');
  const isOld = existsSync(template);
  if (!isOld) await makeTemplate(asked, folder, template);
  carryOn();
  try {
    copyTemplate(template, data, asked.runAs);
    return await serve(asked, data, onChild);
  } catch (error) {
    const isOurs = error instanceof Failure && error.code === 'PORT_BUSY';
    if (!isOld || isOurs || ending !== undefined) throw error;
    await endProcesses({ name: asked.name, postmaster: undefined, stopped });
    carryOn();
    discardTemplate(template, join(folder, 'torn'));
    removeData(data);
    await makeTemplate(asked, folder, template);
    carryOn();
    copyTemplate(template, data, asked.runAs);
    return serve(asked, data, onChild);
  }
}

async function makeTemplate(asked: Plan, folder: string, template: string): Promise<void> {
  const draft = join(folder, 'template');
  await initialise(asked, draft, onChild);
  if (ending === undefined) moveIntoPlace(draft, template);
}

function end(sentence: string | undefined): Promise<never> {
  ending ??= (async () => {
    if (plan !== undefined) {
      const postmaster =
        child?.exitCode === null && child.signalCode === null ? child.pid : undefined;
      await endProcesses({ name: plan.name, postmaster, stopped });
      removeServer(serverFolder(plan), plan.socketDirectory);
    }
    await say({ kind: 'ended', sentence });
    process.exit(0);
  })();
  return ending;
}

process.on('message', (message: ToGuard) => {
  switch (message.kind) {
    case 'start':
      void start(message.plan);
      return;
    case 'stops':
      stopped.add(message.pid);
      return;
    case 'continues':
      stopped.delete(message.pid);
      return;
    case 'close':
      void end(undefined);
      return;
  }
});
process.on('disconnect', () => void end(undefined));
process.on(
  'SIGTERM',
  () => void end('The guard of the database was told to end: run the command again.'),
);
