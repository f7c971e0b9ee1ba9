/** kcat (librdkafka), where it is installed: `apt-get install kcat`, `brew install kcat`. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export const kcatIsMissing = spawnSync('kcat', ['-V']).error !== undefined;
if (kcatIsMissing) {
  process.stderr.write('kcat is not installed: its tests are skipped (apt-get install kcat).\n');
}

/** Runs it to its end; its output, or an error with what it complained about. */
export async function kcat(address: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn('kcat', ['-b', address, ...args]);
  const output = collect(child);
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${output.errors}`);
  return output.text;
}

/** Starts it and leaves it running. */
export function kcatRunning(address: string, args: readonly string[]) {
  const child = spawn('kcat', ['-b', address, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return { child, output: collect(child), closed: once(child, 'close') };
}

function collect(child: ChildProcess): { text: string; errors: string } {
  const output = { text: '', errors: '' };
  child.stdout?.on('data', (text) => (output.text += String(text)));
  child.stderr?.on('data', (text) => (output.errors += String(text)));
  return output;
}
