/** `node:os` of a small fixed machine: the same on every machine that replays. */
import type { Globals } from '../globals.ts';

const gibibyte = 1073741824;

export function createOs({ host }: Globals): unknown {
  const { constants } = process.getBuiltinModule('node:os');
  return {
    EOL: '\n',
    devNull: '/dev/null',
    constants,
    arch: () => 'x64',
    availableParallelism: () => 1,
    cpus: () => [
      { model: 'simulated', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } },
    ],
    endianness: () => 'LE',
    freemem: () => gibibyte / 2,
    getPriority: () => 0,
    setPriority: () => undefined,
    homedir: () => '/home/service',
    hostname: () => host.slot,
    loadavg: () => [0, 0, 0],
    machine: () => 'x86_64',
    networkInterfaces: () => ({}),
    platform: () => 'linux',
    release: () => '6.0.0',
    tmpdir: () => '/tmp',
    totalmem: () => gibibyte,
    type: () => 'Linux',
    uptime: () => host.monotonicMs() / 1000,
    userInfo: () => ({
      username: 'service',
      uid: 1000,
      gid: 1000,
      shell: '/bin/sh',
      homedir: '/home/service',
    }),
    version: () => '#1 simulated',
  };
}
