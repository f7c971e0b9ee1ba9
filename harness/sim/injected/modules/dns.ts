/** `node:dns`: names of the world and plain addresses; any other name is refused. */
import { isIP } from 'node:net';
import type { Globals } from '../globals.ts';
import type { Host } from '../host.ts';
import { refusedModule } from './refused.ts';

interface Found {
  readonly address: string;
  readonly family: number;
}

interface LookupOptions {
  readonly all?: boolean;
}

type Answer = (error: Error | null, ...found: unknown[]) => void;

/** The address of a name, or the error that says why there is none. */
export function addressOf(host: Host, hostname: string): Found {
  const address =
    isIP(hostname) > 0 ? hostname : hostname === 'localhost' ? '127.0.0.1' : host.resolve(hostname);
  if (address !== undefined) return { address, family: isIP(address) };
  throw host.uncontrolled(
    `looks up the address of ${hostname}`,
    'The broker and the database of this world are given to the service as kafka and database.',
  );
}

export function createDns({ host, builtin }: Globals): unknown {
  const { ADDRCONFIG, ALL, V4MAPPED } = process.getBuiltinModule('node:dns');
  return {
    ...refusedExcept(host),
    ADDRCONFIG,
    ALL,
    V4MAPPED,
    lookup: (hostname: string, options: LookupOptions | number | Answer, answer?: Answer) => {
      const given = answer ?? (options as Answer);
      const found = addressOf(host, hostname);
      const all = typeof options === 'object' && options.all === true;
      host.setImmediate(() =>
        all ? given(null, [found]) : given(null, found.address, found.family),
      );
    },
    get promises() {
      return builtin('dns/promises');
    },
    getServers: () => [],
    setServers: () => undefined,
    setDefaultResultOrder: () => undefined,
    getDefaultResultOrder: () => 'verbatim',
  };
}

export function createDnsPromises({ host }: Globals): unknown {
  return {
    ...refusedExcept(host),
    lookup: async (hostname: string, options?: LookupOptions) => {
      const found = addressOf(host, hostname);
      return options?.all === true ? [found] : found;
    },
  };
}

function refusedExcept(host: Host): object {
  const { promises: _promises, ...refused } = refusedModule('dns', host) as Record<string, unknown>;
  return refused;
}
