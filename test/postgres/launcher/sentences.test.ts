import { describe, expect, test } from 'vitest';
import { ownDatabase } from '#postgres';
import { installedPostgres } from '../../../harness/postgres/launcher/programs.ts';
import { failureOf, isPortTaken } from '../../../harness/postgres/launcher/trouble.ts';

const lent = { uid: 65_534, gid: 65_534, name: 'nobody' };

describe('what a program says when it does not start is one sentence with a step', () => {
  test.each([
    [
      'a missing library',
      'initdb: error while loading shared libraries: libicuuc.so.60: cannot open shared object',
      'PostgreSQL misses libicuuc.so.60: remove node_modules and run `npm install` again.',
    ],
    [
      'a missing library on macOS',
      'dyld[1]: Library not loaded: @loader_path/../lib/libicuuc.77.dylib',
      'PostgreSQL misses @loader_path/../lib/libicuuc.77.dylib: ' +
        'remove node_modules and run `npm install` again.',
    ],
    [
      'a system without the GNU C library',
      'spawn /a/native/bin/postgres ENOENT',
      'PostgreSQL cannot be run on this system, which lacks the GNU C library (Alpine?): ' +
        'use a Debian or Fedora image.',
    ],
    [
      'a full disk',
      'FATAL:  could not write to file "pg_wal/xlogtemp.1": No space left on device',
      'The disk is full: PostgreSQL needs 100 MB in .crashproof. Make room and try again.',
    ],
    [
      'anything else',
      '2026-01-01 00:00:00 UTC [1] FATAL:  lock file "postmaster.pid" is empty\n[1] LOG:  bye\n',
      'PostgreSQL did not start (lock file "postmaster.pid" is empty): ' +
        'remove .crashproof/cache/postgres and try again.',
    ],
  ])('%s', (_name, text, sentence) => {
    const failure = failureOf({ program: '/a/native/bin/postgres', text, runAs: undefined });
    expect([failure.code, failure.message]).toEqual(['NO_DATABASE', sentence]);
  });

  test('root that may not become another user is told to be one', () => {
    const text = 'spawn /a/postgres EPERM';
    expect(failureOf({ program: '/a/postgres', text, runAs: lent }).message).toBe(
      'PostgreSQL refuses to run as root and could not be run as nobody (EPERM): ' +
        'run the command as an ordinary user.',
    );
  });

  test('a taken port is told from other trouble', () => {
    expect(isPortTaken('could not bind IPv4 address "127.0.0.1": Address already in use')).toBe(
      true,
    );
    expect(isPortTaken('FATAL:  could not open file "global/pg_control"')).toBe(false);
  });
});

describe('a machine without PostgreSQL', () => {
  test('is told that there is none for it', () => {
    expect(() => installedPostgres('sunos', 'sparc')).toThrow(
      'There is no PostgreSQL to be had from npm for sunos on sparc',
    );
  });

  test('is told to install it where that was left out', () => {
    const elsewhere = process.platform === 'win32' ? 'linux' : 'win32';
    expect(() => installedPostgres(elsewhere, 'x64')).toThrow('run `npm install` on this machine');
  });
});

describe('DATABASE_URL', () => {
  const read = (url: string) => ownDatabase({ DATABASE_URL: url });

  test('is read as pg would', () => {
    expect(read('postgres://me:secret@db.example:6000/shop%20a?sslmode=require')).toMatchObject({
      host: 'db.example',
      port: 6000,
      database: 'shop a',
      user: 'me',
    });
    expect(read('postgresql://localhost/shop?host=/run/postgresql')).toMatchObject({
      host: '/run/postgresql',
      port: 5432,
      user: undefined,
    });
  });

  test('may be missing or empty', () => {
    expect(ownDatabase({})).toBeUndefined();
    expect(read(' ')).toBeUndefined();
  });

  test.each([
    ['shop', 'DATABASE_URL is no address'],
    ['mysql://localhost/shop', 'DATABASE_URL begins with mysql:'],
    ['postgres://localhost', 'DATABASE_URL names no database'],
    ['postgres:///shop', 'DATABASE_URL names no host'],
    ['postgres://localhost/shop?port=none', 'DATABASE_URL has no usable port'],
  ])('%s is refused with a sentence', (url, sentence) => {
    expect(() => read(url)).toThrow(sentence);
    expect(() => read(url)).toThrow('postgresql://user@localhost:5432/database');
  });
});
