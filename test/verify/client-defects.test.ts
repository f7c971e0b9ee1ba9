import { describe, expect, test } from 'vitest';
import type { Fact, OperationFact, Unstamped } from '#check';
import { parseFault, printFault, type Fault, type Schedule } from '#schedule';
import { clientDefects } from '../../harness/verify/client-defects.ts';

/** Histories of one transactional service by hand. */
class Tape {
  readonly facts: Fact[] = [];

  add(fact: Unstamped): this {
    this.facts.push({ seq: this.facts.length, atMs: this.facts.length, ...fact });
    return this;
  }

  /** `EndTxn t1 arrived`, `AddOffsetsToTxn t1 answered NOT_COORDINATOR`, of one incarnation. */
  step(text: string, { ordinal = 1, incarnation = 1, target = 'tx' } = {}): this {
    const [operation = '', cause = '', step = '', error] = text.split(' ');
    const about = { slot: 'worker-0', incarnation, operation, target, cause: [cause], ordinal };
    const how = { step: step as OperationFact['step'], ...(error !== undefined && { error }) };
    return this.add({ kind: 'operation', ...about, ...how });
  }

  fault(fault: string, lost: 'request' | 'answer'): this {
    return this.add({ kind: 'fault', index: 0, fault, lost });
  }

  append(command: string, offset: number, producerId = 7, key = command): this {
    const record = { topic: 'out', partition: 0, offset, key, value: command, command };
    const by = { slot: 'worker-0', producerId, transactional: true };
    return this.add({ kind: 'append', ...record, ...by });
  }

  marker(outcome: 'commit' | 'abort', offset: number, producerId = 7): this {
    return this.add({ kind: 'marker', topic: 'out', partition: 0, offset, producerId, outcome });
  }

  deliver(...offsets: number[]): this {
    const who = { slot: 'reader-0', incarnation: 1 };
    return this.add({ kind: 'deliver', ...who, topic: 'out', partition: 0, offsets, commands: [] });
  }

  fired(): readonly string[] {
    return clientDefects.filter(({ fired }) => fired(this.facts)).map(({ name }) => name);
  }
}

const tape = (): Tape => new Tape();

describe('a request that is not repeated', () => {
  test('shows where it was put off and never came again', () => {
    const once = tape()
      .step('AddOffsetsToTxn t1 arrived')
      .step('AddOffsetsToTxn t1 answered CONCURRENT_TRANSACTIONS');
    expect(once.fired()).toEqual(['not-repeated']);
    const again = once.step('AddOffsetsToTxn t1 arrived', { ordinal: 2 });
    expect(again.fired()).toEqual([]);
  });

  test('shows where only another process sent it again', () => {
    const other = tape()
      .step('EndTxn t1 arrived')
      .step('EndTxn t1 lost')
      .step('EndTxn t1 arrived', { ordinal: 2, incarnation: 2 });
    expect(other.fired()).toEqual(['not-repeated']);
  });

  test('shows where the answer was lost, but not where its process died', () => {
    const applied = (fault: string): Tape =>
      tape()
        .step('EndTxn t1 arrived')
        .step('EndTxn t1 applied')
        .fault(`${fault} worker-0 · EndTxn tx (t1) · #1 · after apply`, 'answer');
    expect(applied('lose-response').fired()).toEqual(['not-repeated']);
    expect(applied('cut').fired()).toEqual(['not-repeated']);
    expect(applied('crash').fired()).toEqual([]);
  });

  test('is no refusal that another try would meet as well', () => {
    expect(
      tape().step('EndTxn t1 arrived').step('EndTxn t1 answered INVALID_PRODUCER_EPOCH').fired(),
    ).toEqual([]);
  });
});

describe('a sequence that is used again', () => {
  const produce = (tape: Tape, command: string, ordinal: number, write?: () => void): Tape => {
    tape.step(`Produce ${command} arrived`, { ordinal, target: 'out' });
    write?.();
    return tape.step(`Produce ${command} applied`, { ordinal, target: 'out' });
  };

  test('shows where a batch was acknowledged and nothing of it is there', () => {
    const lost = tape();
    produce(lost, 't1', 1, () => lost.append('t1', 0)).marker('abort', 1);
    expect(produce(lost, 't1', 2).fired()).toEqual(['sequence-used-again']);
  });

  test('is no repetition of a record that is there', () => {
    const kept = tape();
    produce(kept, 't1', 1, () => kept.append('t1', 0));
    expect(produce(kept, 't1', 2).fired()).toEqual([]);
    const committed = tape();
    produce(committed, 't1', 1, () => committed.append('t1', 0)).marker('commit', 1);
    expect(produce(committed, 't1', 2).fired()).toEqual([]);
  });
});

describe('a leak of aborted records', () => {
  test('shows where a fetch brings a record of one of two that overlap', () => {
    const two = tape().append('a', 0, 1).append('b', 1, 2).marker('abort', 2, 2);
    expect(two.marker('abort', 3, 1).deliver(0, 1).fired()).toEqual(['aborted-records-leak']);
  });

  test('is not to be feared of one after the other, of committed ones, or of none', () => {
    const inTurn = tape().append('a', 0, 1).marker('abort', 1, 1).append('b', 2, 2);
    expect(inTurn.marker('abort', 3, 2).deliver(0, 2).fired()).toEqual([]);
    const mixed = tape().append('a', 0, 1).append('b', 1, 2).marker('commit', 2, 2);
    expect(mixed.marker('abort', 3, 1).deliver(0, 1).fired()).toEqual([]);
    expect(tape().append('a', 0).marker('abort', 1).deliver(2).fired()).toEqual([]);
  });

  test('shows where a key looks like a marker', () => {
    const odd = tape().append('a', 0, 1, '\0\0\0\0').marker('abort', 1, 1).deliver(0);
    expect(odd.fired()).toEqual(['aborted-records-leak']);
  });
});

test('offsets that are shared show as a TypeError of the consumer', () => {
  const crash = (detail: string): Tape =>
    tape().add({
      kind: 'client',
      slot: 'worker-0',
      incarnation: 1,
      event: 'consumer.crash',
      detail,
    });
  const detail = "TypeError: Cannot read properties of undefined (reading '0')";
  expect(crash(detail).fired()).toEqual(['offsets-shared']);
  expect(crash('SyntaxError: Unexpected token').fired()).toEqual([]);
});

describe('the kinder world', () => {
  const fault = (text: string): Fault => {
    const parsed = parseFault(text);
    if (!parsed.ok) throw new Error(parsed.sentence);
    return parsed.value;
  };
  const schedule = (...faults: readonly string[]): Schedule => ({
    format: 1,
    chapter: '19-transactions',
    seed: 1,
    instances: {},
    commands: [],
    faults: faults.map(fault),
    holds: [],
  });
  const kinder = (name: string, ...faults: readonly string[]) => {
    const defect = clientDefects.find((each) => each.name === name);
    if (defect === undefined) throw new Error(name);
    const world = defect.kinder(schedule(...faults));
    return { ...world, schedule: world.schedule.faults.map(printFault) };
  };

  test('answers late instead of not at all, and only there', () => {
    const crash = 'crash worker-0 · EndTxn tx (t1) · #1 · after apply';
    const produce = 'lose-response worker-0 · Produce out (t1) · #1 · after apply';
    const end = 'lose-response worker-0 · EndTxn tx (t1) · #1 · after apply';
    const late = 'delay worker-0 · EndTxn tx (t1) · #1 · after apply · 1500 ms';
    expect(kinder('not-repeated', crash, produce, end).schedule).toEqual([crash, produce, late]);
    expect(kinder('sequence-used-again', crash, produce, end).schedule).toEqual([
      crash,
      'delay worker-0 · Produce out (t1) · #1 · after apply · 1500 ms',
      end,
    ]);
  });

  test('cuts a process off when its answer is there, and others as before', () => {
    const at = (phase: string, slot = '') =>
      `cut ${slot}worker-0 · EndTxn tx (t1) · #1 · ${phase} · 45000 ms`;
    const kept = at('after answer');
    expect(kinder('not-repeated', at('before apply')).schedule).toEqual([kept]);
    expect(kinder('not-repeated', at('after apply')).schedule).toEqual([kept]);
    const others = [
      'cut worker-0 · Heartbeat workers · #1 · before apply · 45000 ms',
      'cut worker-0 after command t1 · 45000 ms',
      at('before apply', 'worker-1 at '),
    ];
    expect(kinder('not-repeated', ...others).schedule).toEqual(others);
  });

  test('hands out no aborted records', () => {
    expect(kinder('aborted-records-leak')).toEqual({ schedule: [], hidesAborted: true });
  });
});
