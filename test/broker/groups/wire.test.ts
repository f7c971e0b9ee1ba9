/** Group requests as bytes through a whole broker: what differs between versions. */
import { expect, test } from 'vitest';
import { createBroker, type BrokerOptions } from '#broker';
import { decodeResponse, encodeRequest, errorName, type ApiName } from '#protocol';

function stage(options: BrokerOptions = {}) {
  const broker = createBroker({ groupInitialRebalanceDelayMs: 0, ...options });
  broker.createTopic('orders', 2);
  broker.connect(1);
  broker.connect(2);
  const answersTo = new Map<number, any>();
  let nowMs = 0;
  const collect = (): void => {
    for (const { request, bytes } of broker.take().answers) {
      const frame = bytes!.subarray(4);
      answersTo.set(request.id, decodeResponse(request.api, request.version, frame).body);
    }
  };
  return {
    broker,
    /** The answer so far; ask again after something else happened. */
    send: (api: ApiName, version: number, body: object, connection = 1): (() => any) => {
      const [request] = broker.receive(connection, encodeRequest(api, version, 1, 'me', body));
      if (request === undefined || request === 'close') throw new Error('the broker closed');
      broker.apply(request, nowMs);
      collect();
      return () => answersTo.get(request.id);
    },
    pass: (ms: number): void => {
      nowMs += ms;
      for (let next = broker.nextTimer(); next && next.atMs <= nowMs; next = broker.nextTimer()) {
        broker.runTimer(next.atMs);
      }
      collect();
    },
  };
}

const joinBody = (more: object = {}) => ({
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.from('topics') }],
  ...more,
});

const nameOf = (body: any): string => errorName(body.errorCode);

test('JoinGroup v0 waits for the others as long as a session lasts', () => {
  const { send, pass } = stage();
  const first = send('JoinGroup', 0, joinBody({ sessionTimeoutMs: 20_000 }))();
  send('SyncGroup', 0, { groupId: 'g', generationId: 1, memberId: first.memberId });
  const second = send('JoinGroup', 0, joinBody({ sessionTimeoutMs: 20_000 }), 2);
  pass(19_999);
  expect(second()).toBeUndefined();
  pass(1);
  expect(second()).toMatchObject({ errorCode: 0, generationId: 2 });
});

test('a consumer joins, commits, fetches, beats and leaves in the versions of kafkajs', () => {
  const { broker, send } = stage();
  const { memberId } = send('JoinGroup', 5, joinBody())();
  send('JoinGroup', 5, joinBody({ memberId }));
  const who = { groupId: 'g', generationId: 1, memberId };
  const assignment = Buffer.from('mine');
  const synced = send('SyncGroup', 3, { ...who, assignments: [{ memberId, assignment }] })();
  expect(String(synced.assignment)).toBe('mine');
  const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: null }];
  const topics = [{ name: 'orders', partitions }];
  const commit = { groupId: 'g', generationIdOrMemberEpoch: 1, memberId, topics };
  expect(send('OffsetCommit', 5, commit)()).toMatchObject({
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, errorCode: 0 }] }],
  });
  const asked = [{ name: 'orders', partitionIndexes: [0, 1] }];
  expect(send('OffsetFetch', 4, { groupId: 'g', topics: asked })()).toMatchObject({
    errorCode: 0,
    topics: [
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 0, committedOffset: 5, metadata: '', errorCode: 0 },
          { partitionIndex: 1, committedOffset: -1, metadata: '', errorCode: 0 },
        ],
      },
    ],
  });
  expect(nameOf(send('Heartbeat', 3, who)())).toBe('NONE');
  expect(send('LeaveGroup', 3, { groupId: 'g', members: [{ memberId }] })()).toMatchObject({
    errorCode: 0,
    members: [{ memberId, errorCode: 0 }],
  });
  expect(nameOf(send('Heartbeat', 3, who)())).toBe('UNKNOWN_MEMBER_ID');
  expect(broker.committed('g', 'orders', 0)).toBe(5);
});

test('describing a stable group tells hosts, metadata and assignments', () => {
  const { send } = stage();
  const { memberId } = send('JoinGroup', 3, joinBody())();
  const assignments = [{ memberId, assignment: Buffer.from('mine') }];
  send('SyncGroup', 3, { groupId: 'g', generationId: 1, memberId, assignments });
  const [group] = send('DescribeGroups', 4, { groups: ['g'] })().groups;
  expect(group).toMatchObject({
    groupState: 'Stable',
    protocolType: 'consumer',
    protocolData: 'range',
  });
  const [member] = group.members;
  expect(member).toMatchObject({ memberId, clientId: 'me', clientHost: '/127.0.0.1' });
  expect(String(member.memberMetadata)).toBe('topics');
  expect(String(member.memberAssignment)).toBe('mine');
});

test('listing filters by state without regard to case, and nonsense matches nothing', () => {
  const { broker, send } = stage();
  broker.setCommitted('g', 'orders', 0, 1);
  const ids = (version: number, filters: object) =>
    send('ListGroups', version, filters)().groups.map(({ groupId }: any) => groupId);
  expect(ids(0, {})).toEqual(['g']);
  expect(ids(4, { statesFilter: ['eMPTY'] })).toEqual(['g']);
  expect(ids(4, { statesFilter: ['Stable'] })).toEqual([]);
  expect(ids(4, { statesFilter: ['nonsense'] })).toEqual([]);
  expect(ids(5, { statesFilter: [], typesFilter: ['Classic'] })).toEqual(['g']);
  expect(send('ListGroups', 5, {})().groups[0]).toMatchObject({ groupType: 'classic' });
});

test('the answer to a JoinGroup that waits on a closed connection is never given', () => {
  const { broker, send, pass } = stage();
  const { memberId } = send('JoinGroup', 3, joinBody())();
  send('SyncGroup', 3, { groupId: 'g', generationId: 1, memberId });
  const waiting = send('JoinGroup', 3, joinBody(), 2);
  broker.disconnect(2);
  expect(send('JoinGroup', 3, joinBody({ memberId }))().members).toHaveLength(2);
  pass(60_000);
  expect(waiting()).toBeUndefined();
});
