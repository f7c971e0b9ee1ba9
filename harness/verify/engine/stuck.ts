/**
 * Where a thread is that does not return: pauses it through the inspector, from this process's main thread, and reads
 * the innermost frame of the service's script. Coordinates are those of the script, from 1.
 */
import { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { within } from '#kernel';

interface Paused {
  readonly callFrames: readonly {
    readonly url: string;
    readonly location: { readonly lineNumber: number; readonly columnNumber: number };
  }[];
}

const patienceMs = 2_000;

export async function whereStuck(
  worker: Worker,
): Promise<{ line: number; column: number } | undefined> {
  const session = new Session();
  session.connect();
  try {
    return await within(patienceMs, ask(session, worker));
  } catch {
    return undefined; // the sentence then names no line
  } finally {
    session.disconnect();
  }
}

function ask(
  session: Session,
  worker: Worker,
): Promise<{ line: number; column: number } | undefined> {
  return new Promise((resolve) => {
    let id = 0;
    const send = (sessionId: string, method: string): void => {
      const message = JSON.stringify({ id: ++id, method });
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    };
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      if (params.workerInfo.workerId !== String(worker.threadId)) return;
      send(params.sessionId, 'Debugger.enable');
      send(params.sessionId, 'Debugger.pause');
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const message = JSON.parse(params.message) as { method?: string; params?: Paused };
      if (message.method !== 'Debugger.paused') return;
      const frame = message.params?.callFrames.find(({ url }) =>
        /service-[0-9a-f]{12}\.cjs$/.test(url),
      );
      const at = frame?.location;
      resolve(at && { line: at.lineNumber + 1, column: at.columnNumber + 1 });
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  });
}
