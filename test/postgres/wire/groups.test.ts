import { describe, expect, test } from 'vitest';
import {
  AnswerTracker,
  cString,
  frame,
  GroupReader,
  messages,
  type Frame,
  type Group,
} from '#postgres';

const { query, parse, bind, execute, sync, flush, terminate, startupMessage } = messages;
const started = (): GroupReader => {
  const reader = new GroupReader();
  reader.take(startupMessage({ user: 'relay' }));
  return reader;
};
const shape = (group: Group): string =>
  group.kind === 'messages' ? group.frames.map(({ type }) => type).join('') : group.kind;
const data = frame('d', Buffer.from('a\n'));
const copyDone = frame('c');
const describePortal = frame('D', Buffer.from('P\0'));
const bytes = (...frames: Frame[]): Buffer => Buffer.concat(frames.map((one) => one.bytes));

describe('what a client writes is cut into groups', () => {
  const work = [parse('select 1'), bind(), describePortal, execute()];
  test.each([
    ['a Query', [query('select 1')], ['Q']],
    ['a Sync', [...work, sync], ['PBDES']],
    ['a Flush, and what follows it', [...work, flush, sync], ['PBDEH', 'S']],
    ['each Sync of a pipeline', [...work, sync, ...work, sync], ['PBDES', 'PBDES']],
    ['the end of data that a Query asked for', [query('copy'), data, data, copyDone], ['Q', 'ddc']],
    [
      'the Sync after data that an Execute asked for',
      [...work, sync, data, copyDone, sync],
      ['PBDES', 'dcS'],
    ],
    ['Terminate, with nothing before it', [parse('x'), terminate], ['terminate']],
    ['nothing: not whole yet', work, []],
  ])('by %s', (_what, frames, groups) => {
    expect(
      started()
        .take(bytes(...frames))
        .map(shape),
    ).toEqual(groups);
  });

  test('also when every byte comes alone, with requests for encryption before', () => {
    const ssl = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
    const all = Buffer.concat([
      ssl,
      startupMessage({ user: 'relay' }),
      bytes(...work, sync, query('x'), terminate),
    ]);
    const reader = new GroupReader();
    const groups = [...all].flatMap((byte) => reader.take(Buffer.from([byte])));
    expect(groups.map(shape)).toEqual(['encryption', 'start', 'PBDES', 'Q', 'terminate']);
    expect(new GroupReader().take(all).map(shape)).toEqual(groups.map(shape));
  });

  test('and a CancelRequest is known by its pid and key', () => {
    const key = Buffer.from([1, 2, 3, 4]);
    expect(new GroupReader().take(messages.cancelRequest(42, key))).toMatchObject([
      { kind: 'cancel', pid: 42, key },
    ]);
  });

  test('and what is no PostgreSQL is said to be unreadable', () => {
    const [group] = new GroupReader().take(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(group?.kind).toBe('unreadable');
    const old = Buffer.from([0, 0, 0, 8, 0, 2, 0, 0]);
    expect(new GroupReader().take(old)).toMatchObject([
      { sentence: expect.stringContaining('2.0') },
    ]);
  });
});

describe('an answer is whole', () => {
  const messageOf = (type: string): Frame =>
    type === 'Z' ? frame('Z', Buffer.from('I')) : frame(type, cString(''));
  const after = (sent: string, received: string): boolean => {
    const tracker = new AnswerTracker();
    tracker.sent(sent.split('').map((type) => frame(type)));
    for (const type of received) tracker.received(messageOf(type));
    return tracker.complete;
  };

  test.each([
    ['Q', 'TDDCZ'],
    ['Q', 'CCTDCZ'],
    ['Q', 'IZ'],
    ['Q', 'EZ'],
    ['PBDES', '12TDCZ'],
    ['PBDES', '12nCZ'],
    ['PBDES', '12EZ'],
    ['PDS', '1tTZ'],
    ['PBDH', '12T'],
    ['EH', 'DDs'],
    ['PBDH', '1E'],
    ['CS', '3Z'],
    ['Q', 'G'],
    ['Q', 'HdddcCZ'],
    ['PBES', '12G'],
    ['F', 'VZ'],
    ['H', ''],
    ['Q', 'NSTDACNZ'],
  ])('for %s after %s, and not one message before', (sent, received) => {
    expect(after(sent, received)).toBe(true);
    if (received.length > 1) expect(after(sent, received.slice(0, -1))).toBe(false);
  });

  test('at once for what a server skips after an error, until a Sync', () => {
    const tracker = new AnswerTracker();
    tracker.sent([parse('x'), flush]);
    tracker.received(messageOf('E'));
    tracker.sent([bind(), execute(), flush]);
    expect(tracker.complete).toBe(true);
    tracker.sent([sync]);
    expect(tracker.complete).toBe(false);
    tracker.received(messageOf('Z'));
    expect(tracker.complete).toBe(true);
  });

  test('for data of COPY when the Query that asked for it is ready', () => {
    const tracker = new AnswerTracker();
    tracker.sent([query('copy')]);
    tracker.received(messageOf('G'));
    tracker.sent([data, copyDone]);
    expect(tracker.complete).toBe(false);
    for (const type of 'CZ') tracker.received(messageOf(type));
    expect(tracker.complete).toBe(true);
  });
});
