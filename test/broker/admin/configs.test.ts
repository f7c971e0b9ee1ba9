/** Configurations: what is told of them, and what changes them. As seen on Kafka 3.9.1. */
import { errorName } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf, Desk } from '../desk.ts';

const topic = 2;
const broker = 4;
const [set, reset, append, subtract] = [0, 1, 2, 3];

let desk: Desk;
beforeEach(() => {
  desk = new Desk({ messageMaxBytes: 2_000_000 });
  desk.broker.createTopic('t', 1, { 'retention.ms': '123456' });
});

function describeOne(
  resourceType: number,
  resourceName: string,
  configurationKeys: readonly string[] | null = null,
  version = 2,
) {
  const resources = [{ resourceType, resourceName, configurationKeys }];
  const { results } = desk.ask('DescribeConfigs', version, { resources, includeSynonyms: true });
  return { ...results[0], error: errorName(results[0].errorCode) };
}

/** What was set for the topic. */
function overrides(name = 't'): Record<string, string> {
  const { configs } = describeOne(topic, name);
  const own = configs.filter(({ configSource }: any) => configSource === 1);
  return Object.fromEntries(own.map((entry: any) => [entry.name, entry.value]));
}

type Setting = readonly [name: string, value: string | null];
type Change = readonly [name: string, operation: number, value: string | null];

interface Whose {
  readonly name?: string;
  readonly type?: number;
  readonly validateOnly?: boolean;
}

function alter(settings: readonly Setting[], whose: Whose = {}) {
  const { name = 't', type = topic, validateOnly = false } = whose;
  const configs = settings.map(([key, value]) => ({ name: key, value }));
  const resources = [{ resourceType: type, resourceName: name, configs }];
  const { responses } = desk.ask('AlterConfigs', 1, { resources, validateOnly });
  return [errorName(responses[0].errorCode), responses[0].errorMessage];
}

function increment(changes: readonly Change[]) {
  const configs = changes.map(([key, configOperation, value]) => ({
    name: key,
    configOperation,
    value,
  }));
  const resources = [{ resourceType: topic, resourceName: 't', configs }];
  const { responses } = desk.ask('IncrementalAlterConfigs', 1, { resources });
  return [errorName(responses[0].errorCode), responses[0].errorMessage];
}

describe('DescribeConfigs', () => {
  test('tells what was set for a topic, and where the rest comes from', () => {
    const keys = ['retention.ms', 'cleanup.policy', 'max.message.bytes', 'segment.ms', 'no.such'];
    const { configs } = describeOne(topic, 't', keys, 4);
    const told = configs.map((entry: any) => [
      entry.name,
      entry.value,
      entry.configSource,
      entry.configType,
      entry.synonyms.map(({ name, value, source }: any) => `${name}=${value} (${source})`),
    ]);
    expect(told).toEqual([
      ['cleanup.policy', 'delete', 5, 7, ['log.cleanup.policy=delete (5)']],
      [
        'max.message.bytes',
        '2000000',
        4,
        3,
        ['message.max.bytes=2000000 (4)', 'message.max.bytes=1048588 (5)'],
      ],
      ['retention.ms', '123456', 1, 5, ['retention.ms=123456 (1)']],
      ['segment.ms', '604800000', 5, 5, []],
    ]);
  });

  test.each([1, 2, 4])('v%i: no keys, null or empty, are all keys', (version) => {
    expect(describeOne(topic, 't', [], version).configs).toHaveLength(36);
    expect(describeOne(topic, 't', null, version).configs).toHaveLength(36);
  });

  test('an unknown topic, a bad name, a type that has no configurations', () => {
    expect(describeOne(topic, 'nope')).toMatchObject({
      error: 'UNKNOWN_TOPIC_OR_PARTITION',
      errorMessage: '',
      configs: [],
    });
    expect(describeOne(topic, 'a b').error).toBe('INVALID_TOPIC_EXCEPTION');
    expect(describeOne(77, 't').error).toBe('INVALID_REQUEST');
    expect(describeOne(16, 'metrics')).toMatchObject({ error: 'NONE', configs: [] });
  });

  test('a node tells its own settings, and nobody else’s', () => {
    const keys = ['message.max.bytes', 'node.id', 'num.partitions'];
    const { configs } = describeOne(broker, '1', keys);
    const told = configs.map((entry: any) => [entry.name, entry.value, entry.configSource]);
    expect(told).toEqual([
      ['message.max.bytes', '2000000', 4],
      ['node.id', '1', 4],
      ['num.partitions', '1', 5],
    ]);
    expect(describeOne(broker, '')).toMatchObject({ error: 'NONE', configs: [] });
    expect(describeOne(broker, '7').errorMessage).toContain('expected 1 or empty string');
    expect(describeOne(broker, 'abc').errorMessage).toContain('must be an integer');
  });

  test('each resource is answered, in order, also twice', () => {
    const resources = ['nope', 't', 't'].map((resourceName) => ({
      resourceType: topic,
      resourceName,
      configurationKeys: ['segment.ms'],
    }));
    const { results } = desk.ask('DescribeConfigs', 0, { resources });
    expect(results.map((one: any) => one.configs.length)).toEqual([0, 1, 1]);
  });
});

describe('AlterConfigs', () => {
  test('replaces everything that was set', () => {
    expect(alter([['segment.ms', '99999']])).toEqual(['NONE', null]);
    expect(overrides()).toEqual({ 'segment.ms': '99999' });
    expect(alter([])).toEqual(['NONE', null]);
    expect(overrides()).toEqual({});
  });

  test('validateOnly asks everything and changes nothing', () => {
    expect(alter([['segment.ms', '99999']], { validateOnly: true })).toEqual(['NONE', null]);
    expect(alter([['segment.ms', 'x']], { validateOnly: true })[0]).toBe('INVALID_CONFIG');
    expect(overrides()).toEqual({ 'retention.ms': '123456' });
  });

  test('is in force with the next request', () => {
    alter([['cleanup.policy', 'compact']]);
    const keyless = batchOf([], { records: [{ key: null, value: 'v' }] });
    expect(desk.produce('t', keyless).error).toBe('INVALID_RECORD');
    alter([]);
    expect(desk.produce('t', keyless).error).toBe('NONE');
  });

  test.each([
    [[['no.such', '1']], 'INVALID_CONFIG', 'Unknown topic config name: no.such'],
    [[['no.such', null]], 'INVALID_REQUEST', 'Null value not supported for : no.such'],
    [
      [
        ['segment.ms', '5'],
        ['retention.ms', 'abc'],
      ],
      'INVALID_CONFIG',
      'Invalid value abc for configuration retention.ms: Not a number of type LONG',
    ],
    [
      [
        ['retention.ms', '1'],
        ['retention.ms', '2'],
      ],
      'INVALID_REQUEST',
      'Error due to duplicate config keys',
    ],
  ] as [Setting[], string, string][])('%j → %s', (settings, error, text) => {
    expect(alter(settings)).toEqual([error, text]);
    expect(overrides()).toEqual({ 'retention.ms': '123456' });
  });

  test.each([
    [topic, 'nope', 'UNKNOWN_TOPIC_OR_PARTITION', "The topic 'nope' does not exist."],
    [topic, 'a b', 'INVALID_TOPIC_EXCEPTION', 'Topic name is invalid'],
    [topic, '', 'INVALID_REQUEST', 'Default topic resources are not allowed.'],
    [1, 't', 'INVALID_REQUEST', 'Unknown resource type 1'],
    [broker, '7', 'INVALID_REQUEST', 'Unexpected broker id, expected 1, but received 7'],
    [broker, 'abc', 'INVALID_REQUEST', 'Node id must be an integer, but it is: abc'],
  ])('of %i "%s" → %s', (type, name, error, text) => {
    const [code, message] = alter([['retention.ms', '5']], { type, name });
    expect(code).toBe(error);
    expect(message).toContain(text);
  });

  test('settings of a broker are fixed; names it does not have are accepted', () => {
    const fixed = alter([['num.partitions', '2']], { type: broker, name: '1' });
    expect(fixed).toEqual([
      'INVALID_REQUEST',
      'Cannot update these configs dynamically: Set(num.partitions)',
    ]);
    expect(alter([['no.such', '2']], { type: broker, name: '1' })).toEqual(['NONE', null]);
  });

  test('a resource twice is refused twice, others go on', () => {
    desk.broker.createTopic('u', 1);
    const resources = ['t', 'u', 't'].map((resourceName) => ({
      resourceType: topic,
      resourceName,
      configs: [{ name: 'segment.ms', value: '9' }],
    }));
    const { responses } = desk.ask('AlterConfigs', 2, { resources });
    expect(responses.map((one: any) => errorName(one.errorCode))).toEqual([
      'INVALID_REQUEST',
      'NONE',
      'INVALID_REQUEST',
    ]);
    expect([overrides('t'), overrides('u')]).toEqual([
      { 'retention.ms': '123456' },
      { 'segment.ms': '9' },
    ]);
  });
});

describe('IncrementalAlterConfigs', () => {
  test('changes what is named and leaves the rest', () => {
    expect(increment([['segment.ms', set, '777']])).toEqual(['NONE', null]);
    expect(overrides()).toEqual({ 'retention.ms': '123456', 'segment.ms': '777' });
    expect(increment([['retention.ms', reset, null]])).toEqual(['NONE', null]);
    expect(increment([['no.such', reset, null]])).toEqual(['NONE', null]);
    expect(overrides()).toEqual({ 'segment.ms': '777' });
  });

  test('adds to the list in force, and takes from it until nothing is left', () => {
    increment([['cleanup.policy', append, 'compact']]);
    increment([['cleanup.policy', append, 'compact']]);
    expect(overrides()['cleanup.policy']).toBe('delete,compact');
    increment([['cleanup.policy', subtract, 'delete']]);
    expect(overrides()['cleanup.policy']).toBe('compact');
    increment([['cleanup.policy', subtract, 'compact']]);
    expect(overrides()['cleanup.policy']).toBe('');
  });

  test.each([
    [[['retention.ms', append, '5']], 'INVALID_CONFIG', "Can't APPEND to key retention.ms"],
    [[['no.such', subtract, '5']], 'INVALID_CONFIG', "Can't SUBTRACT to key no.such"],
    [[['cleanup.policy', append, 'x']], 'INVALID_CONFIG', 'Invalid value'],
    [[['no.such', set, '5']], 'INVALID_CONFIG', 'Unknown topic config name: no.such'],
    [[['retention.ms', set, null]], 'INVALID_REQUEST', 'Null value not supported'],
    [[['retention.ms', 9, '5']], 'UNKNOWN_SERVER_ERROR', null],
    [
      [
        ['segment.ms', set, '4242'],
        ['retention.ms', set, 'x'],
      ],
      'INVALID_CONFIG',
      'Not a number',
    ],
  ] as [Change[], string, string | null][])('%j → %s', (changes, error, text) => {
    const [code, message] = increment(changes);
    expect(code).toBe(error);
    if (text === null) expect(message).toBeNull();
    else expect(message).toContain(text);
    expect(overrides()).toEqual({ 'retention.ms': '123456' });
  });
});
