/**
 * Where a thread is that does not return: pauses it through the inspector, from this process's main thread, and reads
 * the innermost frame of the service's script. Coordinates are those of the script, from 1.
 */
import { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import { within } from '#kernel';

interface FromDebugger {
  readonly method?: string;
  readonly params?: {
    /** With `Debugger.scriptParsed`. */
    readonly scriptId?: string;
    readonly url?: string;
    /** With `Debugger.paused`. */
    readonly callFrames?: readonly {
      readonly location: {
        readonly scriptId: string;
        readonly lineNumber: number;
        readonly columnNumber: number;
      };
    }[];
  };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

const patienceMs = 2_000;
const mostSteps = 50;

export async function whereStuck(worker: Worker): Promise<Place | undefined> {
  const session = new Session();
  session.connect();
  let attached: string | undefined;
  try {
    const asked = ask(session, worker, (sessionId) => (attached = sessionId));
    return await within(patienceMs, asked);
  } catch {
    return undefined; // the sentence then names no line
  } finally {
    // A thread that is left paused can never be ended: it would use its core up for ever.
    if (attached !== undefined) session.post('NodeWorker.detach', { sessionId: attached });
    session.disconnect();
  }
}

function ask(
  session: Session,
  worker: Worker,
  onAttached: (sessionId: string) => void,
): Promise<Place | undefined> {
  return new Promise((resolve) => {
    let id = 0;
    let steps = 0;
    let ours: string | undefined;
    // Frames name their script by number; only the list of scripts says what it is called.
    const services = new Set<string>();
    const send = (sessionId: string, method: string): void => {
      const message = JSON.stringify({ id: ++id, method });
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    };
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      // `workerId` counts what this session saw; the thread's own number is in the title.
      if (!workerInfo.title.startsWith(`[worker ${worker.threadId}]`)) return;
      ours = sessionId;
      onAttached(sessionId);
      send(sessionId, 'Debugger.enable');
      send(sessionId, 'Debugger.pause');
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params: { message, sessionId } }) => {
      if (sessionId !== ours) return;
      const { method, params = {} } = JSON.parse(message) as FromDebugger;
      if (method === 'Debugger.scriptParsed' && isService(params.url)) {
        services.add(params.scriptId ?? '');
      }
      if (method !== 'Debugger.paused') return;
      const frame = params.callFrames?.find(({ location }) => services.has(location.scriptId));
      // Between two promise reactions nobody's code runs: a few steps on, it does.
      if (frame === undefined && steps++ < mostSteps) return send(sessionId, 'Debugger.stepInto');
      const at = frame?.location;
      resolve(at && { line: at.lineNumber + 1, column: at.columnNumber + 1 });
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  });
}

const isService = (url = ''): boolean => /service-[0-9a-f]{12}\.cjs$/.test(url);
