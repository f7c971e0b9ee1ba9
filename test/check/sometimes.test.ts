import { describe, expect, test } from 'vitest';
import { countHardMoments, expectedHardMoments, firstDivergence } from '#check';
import { greeterUp, greetings, history, topic, type Script } from './history.ts';

const counted = (script: Script) =>
  Object.fromEntries(
    Object.entries(countHardMoments(script.facts, greetings())).filter(([, count]) => count > 0),
  );

describe('hard moments', () => {
  test('a calm run has none', () => {
    const script = greeterUp()
      .publish('m1')
      .deliver('greeter-0', [0])
      .done('m1')
      .commitRequest(['m1'], ['arrived', 'applied', 'answered'])
      .commit(1);
    expect(counted(script)).toEqual({});
  });

  test('a crash between effect and commit is a window and all that follows from it', () => {
    const script = greeterUp()
      .publish('m1')
      .deliver('greeter-0', [0])
      .done('m1')
      .commitRequest(['m1'], ['arrived', 'fault', 'lost'])
      .instance('greeter-0', 'dies')
      .instance('greeter-0#2', 'starts', 'ready')
      .assign(2, { 'greeter-0': [0, 1] })
      .deliver('greeter-0#2', [0])
      .done('m1', 'greeter-0#2');
    expect(counted(script)).toEqual({
      'crash windows': 1,
      'lost commits': 1,
      duplicates: 1,
      rebalances: 1,
      redeliveries: 1,
      restarts: 1,
    });
  });

  test('an effect of a slot that is in none of its groups any more is a zombie', () => {
    const script = greeterUp()
      .publish('m1')
      .deliver('greeter-0', [0])
      .instance('greeter-0', 'frozen')
      .assign(2, { 'greeter-1': [0, 1] })
      .instance('greeter-0', 'thawed')
      .done('m1');
    expect(counted(script)).toEqual({ rebalances: 1, zombies: 1 });
  });

  test('what a commit changed in the tables is an effect as a call is', () => {
    const row = { kind: 'table', tables: { ledger: [{ id: 'm1' }] } } as const;
    const window = greeterUp()
      .publish('m1')
      .deliver('greeter-0', [0])
      .add({ ...row, slot: 'greeter-0', incarnation: 1 })
      .instance('greeter-0', 'dies');
    expect(counted(window)).toEqual({ 'crash windows': 1 });
    const zombie = greeterUp()
      .assign(2, { 'greeter-1': [0, 1] })
      .add({ ...row, slot: 'greeter-0', incarnation: 1 });
    expect(counted(zombie)).toEqual({ rebalances: 1, zombies: 1 });
    expect(counted(greeterUp().add(row))).toEqual({});
  });

  test('a refused commit of a former member is a zombie and a lost commit', () => {
    const script = greeterUp().commitRequest(['m1'], ['arrived', 'answered'], 'UNKNOWN_MEMBER_ID');
    expect(counted(script)).toEqual({ zombies: 1, 'lost commits': 1 });
  });

  test('a rebalance that a healthy member hears of makes no zombie', () => {
    const script = greeterUp().commitRequest(
      ['m1'],
      ['arrived', 'applied', 'answered'],
      'REBALANCE_IN_PROGRESS',
    );
    expect(counted(script)).toEqual({});
  });

  test('lost answers and rejected calls are counted', () => {
    const script = history()
      .rejected('m1')
      .fault('lose-response greeter-0 · sink.record (m1) · #1', 'answer');
    expect(counted(script)).toEqual({ 'rejected calls': 1, 'lost answers': 1 });
  });

  const statement = (
    script: Script,
    operation: string,
    steps: readonly ('applied' | 'answered' | 'waits')[],
    error?: string,
  ): Script => {
    const point = { operation, target: '', cause: ['m1'], ordinal: 1 };
    const who = { slot: 'greeter-0', incarnation: 1 };
    for (const step of steps) {
      script.add({ kind: 'operation', ...point, ...who, step, ...(error && { error }) });
      if (step === 'applied' && error === undefined) {
        script.add({ kind: 'table', tables: { ledger: [{ id: 'm1' }] }, ...who });
      }
    }
    return script;
  };

  test('a change that was kept and not answered is a lost answer to a commit', () => {
    const heard = statement(history(), 'COMMIT', ['applied', 'answered']);
    expect(counted(heard)).toEqual({});
    const unheard = statement(history(), 'COMMIT', ['applied']);
    expect(counted(unheard)).toEqual({ 'lost answers to commits': 1 });
    const alone = statement(history(), 'INSERT', ['applied']);
    expect(counted(alone)).toEqual({ 'lost answers to commits': 1 });
  });

  test.each([
    ['40001', 'serialization failures'],
    ['40001 could not serialize access due to concurrent update', 'serialization failures'],
    ['40P01 deadlock detected', 'deadlocks'],
    ['23505 duplicate key value', 'taken keys'],
  ])('a statement that fails with %s is among the %s', (error, name) => {
    expect(counted(statement(history(), 'UPDATE', ['applied', 'answered'], error))).toEqual({
      [name]: 1,
    });
  });

  test('waits for locks and outages are counted', () => {
    const script = statement(history(), 'UPDATE', ['waits']).fault(
      'outage greeter-0 · UPDATE accounts (m1) · #1 · before apply · 5000 ms',
      'request',
    );
    expect(counted(script)).toEqual({ 'waits for locks': 1, outages: 1 });
  });

  test('what only a database brings about is expected where there is one', () => {
    const { ports: _, ...bare } = greetings();
    expect(expectedHardMoments(bare, 2)).not.toContain('outages');
    expect(expectedHardMoments(greetings(), 2)).toContain('outages');
    expect(expectedHardMoments(greetings(), 2)).not.toContain('lost answers to commits');
    const tables = { ledger: 'select id from ledger' };
    expect(expectedHardMoments({ ...bare, tables }, 2)).toEqual(
      expect.arrayContaining(['outages', 'lost answers to commits']),
    );
    expect(expectedHardMoments({ ...bare, tables }, 1)).not.toContain('outages');
  });

  test('waits for locks are expected of chapters that ask for them', () => {
    const asking = { ...greetings(), sometimes: ['waits for locks'] };
    expect(expectedHardMoments(greetings(), 2)).not.toContain('waits for locks');
    expect(expectedHardMoments(asking, 2)).toContain('waits for locks');
    expect(expectedHardMoments({ ...asking, without: ['lock'] }, 2)).not.toContain(
      'waits for locks',
    );
  });

  test('a zombie is overtaken when another one takes on what it holds before it is back', () => {
    const held = (): Script =>
      greeterUp().add({
        kind: 'deliver',
        slot: 'greeter-0',
        incarnation: 1,
        topic,
        partition: 0,
        offsets: [0],
        commands: ['m1'],
      });
    const took = {
      kind: 'operation',
      slot: 'greeter-1',
      incarnation: 1,
      operation: 'Produce',
      target: topic,
      cause: ['m1'],
      ordinal: 1,
      step: 'applied',
    } as const;
    const late = held().instance('greeter-0', 'frozen').add(took).instance('greeter-0', 'thawed');
    expect(counted(late)).toEqual({ 'overtaken zombies': 1 });
    const inTime = held().instance('greeter-0', 'frozen', 'thawed').add(took);
    expect(counted(inTime)).toEqual({});
  });

  test('a transaction is left open by the death of whoever began it', () => {
    const transaction = (state: 'Ongoing' | 'PrepareCommit', slot = 'greeter-0') =>
      ({
        kind: 'transaction',
        transactionalId: 'tx',
        state,
        producerId: 1,
        epoch: 0,
        slot,
        incarnation: 1,
      }) as const;
    const open = greeterUp().add(transaction('Ongoing'));
    expect(counted(open.instance('greeter-0', 'dies'))).toEqual({ 'open transactions': 1 });
    const ended = greeterUp().add(transaction('Ongoing')).add(transaction('PrepareCommit'));
    expect(counted(ended.instance('greeter-0', 'dies'))).toEqual({});
  });

  test('some are expected only where a chapter asks for them', () => {
    expect(expectedHardMoments(greetings(), 2)).not.toContain('open transactions');
    const asking = greetings({ sometimes: ['open transactions'] });
    expect(expectedHardMoments(asking, 1)).toContain('open transactions');
  });

  test('what a level or a chapter cannot bring about is not expected', () => {
    const levelOne = expectedHardMoments(greetings(), 1);
    expect(levelOne).toContain('crash windows');
    expect(levelOne).not.toContain('zombies');
    expect(levelOne).not.toContain('duplicates');
    expect(expectedHardMoments(greetings(), 2)).toContain('zombies');
    const { ports: _, ...portless } = greetings({ without: ['freeze', 'cut'] });
    expect(expectedHardMoments(portless, 2)).not.toContain('zombies');
    expect(expectedHardMoments(portless, 2)).not.toContain('rejected calls');
  });
});

describe('divergence from the calm run', () => {
  test('times and the fault itself are no difference, what follows is', () => {
    const calm = greeterUp().publish('m1').done('m1').commit(1);
    const run = greeterUp()
      .later(40)
      .publish('m1')
      .fault('crash greeter-0')
      .instance('greeter-0', 'dies');
    expect(firstDivergence(run.facts, calm.facts)).toMatchObject({
      fact: { kind: 'instance', state: 'dies' },
      calm: { kind: 'port', name: 'sink.record' },
    });
  });

  test('a run that goes on longer differs by what comes then', () => {
    const calm = greeterUp();
    expect(firstDivergence(greeterUp().publish('m1').facts, calm.facts)).toEqual({
      fact: expect.objectContaining({ kind: 'command', id: 'm1' }) as object,
    });
    expect(firstDivergence(calm.facts, greeterUp().facts)).toBe(undefined);
  });
});
