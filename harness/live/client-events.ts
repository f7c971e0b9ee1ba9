/**
 * What a process wrote, as facts. kafkajs writes its log as lines of JSON; its errors are what the
 * client told its owner, not the learner's own words.
 */
import type { ClientFact, ConsoleFact } from '#check';

type Said = Pick<ClientFact, 'kind' | 'event' | 'detail'> | Pick<ConsoleFact, 'kind' | 'text'>;

export function clientEvents(text: string): readonly Said[] {
  const said: Said[] = [];
  let own: string[] = [];
  const flush = (): void => {
    if (own.length > 0) said.push({ kind: 'console', text: own.join('\n') });
    own = [];
  };
  for (const line of text.split('\n')) {
    const message = logged(line);
    if (message === undefined) {
      own.push(line);
      continue;
    }
    flush();
    const [, reason] = /^\[Consumer\] Crash: (.*)$/s.exec(message) ?? [];
    said.push(
      reason === undefined
        ? { kind: 'client', event: 'log', detail: message }
        : { kind: 'client', event: 'consumer.crash', detail: reason },
    );
  }
  flush();
  return said;
}

function logged(line: string): string | undefined {
  if (!line.startsWith('{"level":') || !line.includes('"logger":"kafkajs"')) return undefined;
  try {
    return String((JSON.parse(line) as { message?: unknown }).message);
  } catch {
    return undefined; // somebody's own line that only begins like one
  }
}
