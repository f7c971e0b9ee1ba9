/** Imports late: who only asks for a check must not wait for what runs in this process. */
import type { DebugRequest, DebugSession } from './debug.ts';

/** Rejects with USAGE when there is no such call, UNCONTROLLED when looking would change the run. */
export async function openDebug(request: DebugRequest): Promise<DebugSession> {
  const debug = await import('./debug.ts');
  return debug.openDebug(request);
}
