/** What PostgreSQL's programs say when they do not start, as one sentence with what to do about it. */
import { Failure, type FailureCode } from '#kernel';
import type { RunAs } from './messages.ts';

/** How a program ended that should not have. */
export interface Ended {
  readonly program: string;
  readonly text: string;
  readonly runAs: RunAs | undefined;
}

interface Reading {
  readonly when: RegExp;
  readonly code?: FailureCode;
  readonly says: (match: RegExpExecArray, ended: Ended) => string;
}

const readings: readonly Reading[] = [
  {
    when: /loading shared libraries: ([^\s:]+)|Library not loaded: (\S+)/,
    says: ([, linux, mac]) =>
      `PostgreSQL misses ${linux ?? mac}: remove node_modules and run \`npm install\` again.`,
  },
  {
    when: /spawn \S.* ENOENT/,
    says: () =>
      'PostgreSQL cannot be run on this system, which lacks the GNU C library (Alpine?): ' +
      'use a Debian or Fedora image.',
  },
  {
    when: /spawn .*(EACCES|EPERM)/,
    says: ([, reason], { program, runAs }) =>
      runAs === undefined
        ? `PostgreSQL may not be run (${reason}): allow programs to be executed in ${program}.`
        : `PostgreSQL refuses to run as root and could not be run as ${runAs.name} (${reason}): ` +
          'run the command as an ordinary user.',
  },
  {
    when: /could not look up effective user ID (\d+)/,
    says: ([, uid]) =>
      `PostgreSQL wants a name for user ${uid}, who has none on this machine: ` +
      'add the user to /etc/passwd, or run the command as one who is there.',
  },
  {
    when: /cannot be run as root|Execution of PostgreSQL by a user with administrative/,
    says: () => 'PostgreSQL refuses administrators: run the command as an ordinary user.',
  },
  {
    when: /No space left on device|ENOSPC/,
    says: () =>
      'The disk is full: PostgreSQL needs 100 MB in .crashproof. Make room and try again.',
  },
  {
    when: /could not create shared memory segment|could not create semaphores/,
    says: () =>
      'The system has no shared memory left for PostgreSQL: look for forgotten servers ' +
      '(ipcs -m) or raise kernel.shmmni.',
  },
];

const portTaken = /Address already in use|could not bind|Only one usage of each socket address/;

export function isPortTaken(text: string): boolean {
  return portTaken.test(text);
}

export function portBusy(port: number): Failure {
  return new Failure(
    'PORT_BUSY',
    `Port ${port} is taken by another program: stop that, or let a free port be chosen.`,
  );
}

export function failureOf(ended: Ended): Failure {
  for (const { when, code = 'NO_DATABASE', says } of readings) {
    const match = when.exec(ended.text);
    if (match) return new Failure(code, says(match, ended));
  }
  const last = lastWords(ended.text);
  return new Failure(
    'NO_DATABASE',
    `PostgreSQL did not start${last === '' ? '' : ` (${last})`}: ` +
      'remove .crashproof/cache/postgres and try again.',
  );
}

/** The line that names the reason, without time and process. */
function lastWords(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const reason = lines.findLast((line) => /FATAL|PANIC|error:/.test(line)) ?? lines.at(-1) ?? '';
  return reason.replace(/^.*?(FATAL|PANIC|error):\s*/, '').trim();
}
