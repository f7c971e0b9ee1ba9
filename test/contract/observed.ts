/**
 * What was seen of Apache Kafka 3.9.1 and 4.3.1, topic by topic, and where it is shown: by cases of
 * the contract (`Area › how the sentence begins`), by a test of the embedded broker alone, or, for a
 * reason that is given, nowhere. A case that is marked `notEmbedded` runs on a real Kafka only and
 * says why itself. observed.test.ts holds this against the cases, so that neither can go alone.
 */
export interface Observed {
  readonly topic: string;
  readonly what: string;
  /** Each is the beginning of at least one case. */
  readonly cases: readonly string[];
  /** A test file and a title in it. */
  readonly elsewhere?: readonly [file: string, title: string];
  /** No case, because … */
  readonly exception?: string;
}

const about =
  (topic: string) =>
  (...rows: readonly Row[]): readonly Observed[] =>
    rows.map(({ what, ...row }) => ({ topic, what, cases: [], ...row }));

type Row = { readonly what: string } & Partial<Observed>;

const shown = (what: string, ...cases: readonly string[]): Row => ({ what, cases });
const except = (what: string, exception: string): Row => ({ what, exception });
const elsewhere = (what: string, file: string, title: string): Row => ({
  what,
  elsewhere: [file, title],
});

const noRestart = 'a case cannot restart a broker, and the embedded one has no restart';

export const observed: readonly Observed[] = [
  ...about('connections')(
    shown('versions and features', 'Inspection › ApiVersions', 'Connections › ApiVersions v'),
    shown(
      'old versions of Kafka 3.9',
      'Connections › ListOffsets 0 is still served',
      'Connections › OffsetCommit 1 is still served',
      'Connections › Produce 2 and Fetch 3',
    ),
    shown('client names', 'Connections › a client called'),
    shown('what closes', 'Connections › an unknown key', 'Connections › length 0'),
    shown('bytes that are ignored', 'Connections › bytes behind', 'Connections › unknown tagged'),
    shown('SASL on a plain listener', 'Connections › SaslHandshake', 'Connections › SaslAuth'),
    shown('one request at a time', 'Fetch › what comes behind a waiting fetch'),
  ),
  ...about('produce')(
    shown('good requests, stored bytes', 'Produce › v3', 'Produce › a batch is stored as sent'),
    shown('checks of the request', 'Produce › empty records', 'Produce › two batches'),
    shown('null records', 'Produce, the request › null records'),
    shown('checks of the batch, their order', 'Produce › the order', 'Produce › a bad CRC'),
    shown('magic', 'Produce › magic 0', 'Produce › magic 3'),
    shown('record deltas, undecodable data', 'Produce › offset deltas', 'Produce › codec 5'),
    shown('log start in refusals', 'Produce › base offset 7', 'Produce › magic -1'),
    shown('the same partition twice', 'Produce, the request › the same partition twice'),
    shown('acks', 'Produce, the request › acks 2', 'Produce, the request › acks 0'),
    shown(
      'error 53',
      'Produce, the request › a transactional batch',
      'Produce, the request › error 53',
    ),
    shown(
      'sizes',
      'Produce › max.message.bytes',
      'Produce › the default limit',
      'Produce › a batch above',
    ),
    shown('zstd by version', 'Produce › zstd in v3'),
    shown('compacted topics', 'Produce › null keys', 'Produce › on a compacted topic'),
    shown(
      'timestamps ahead',
      'Produce, the request › a timestamp ',
      'Produce, the request › a topic may limit',
    ),
    shown(
      'LogAppendTime',
      'Produce, the request › a LogAppendTime topic',
      'Produce, the request › on any other',
    ),
    shown('compression.type of the topic', 'Produce, the request › compression.type'),
    shown('min.insync.replicas', 'Produce, the request › min.insync.replicas 2'),
  ),
  ...about('idempotence')(
    shown(
      'duplicates',
      'Idempotent producers › a duplicate',
      'Idempotent producers › the sixth-oldest',
    ),
    shown('gaps and overlaps', 'Idempotent producers › a gap', 'Idempotent producers › an overlap'),
    shown(
      'epochs',
      'Idempotent producers › a newer epoch',
      'Idempotent producers › an older epoch',
    ),
    shown('first sequences', 'Idempotent producers › a producer that nobody knows'),
    shown('first sequences, second version', 'Transactions, second version › a first sequence'),
    shown(
      'wrapping',
      'Idempotent producers › sequences go',
      'Idempotent producers › a batch may wrap',
    ),
    shown('two connections', 'Idempotent producers › the same batch at once'),
    shown('deleted topic', 'Topics, deletion › a topic made again knows no producers'),
    shown('DeleteRecords', 'Administration › what is known of a producer'),
    shown('retention', 'Cleaning › what is known of a producer'),
    shown(
      'expiry',
      'Expiry › a producer that expired',
      'Expiry › an open transaction keeps its producer',
    ),
    except('after a restart the last batch only', noRestart),
  ),
  ...about('transactions')(
    shown(
      'InitProducerId',
      'Transactions, the coordinator › a new id',
      'Transactions, the coordinator › v3 with',
    ),
    shown('its first answer', 'Start-up › the first producer id'),
    shown('own open transaction', "Transactions, the coordinator › InitProducerId of one's own"),
    shown('AddPartitionsToTxn', 'Transactions, the coordinator › AddPartitionsToTxn v0'),
    except('the order of its answer', 'Kafka answers in that of a hash table'),
    elsewhere(
      'internal topics',
      'test/broker/transactions/coordinator.test.ts',
      'an internal topic is not for clients',
    ),
    shown(
      'EndTxn',
      'Transactions, the coordinator › EndTxn v0',
      'Transactions, the coordinator › after a commit',
    ),
    shown('fenced producers', 'Transactions, the coordinator › what a fenced producer hears'),
    shown('time-out', 'Transactions, the coordinator › a transaction that takes too long'),
    shown(
      'time-out, then InitProducerId',
      'Transactions, the coordinator › InitProducerId of one that timed out',
    ),
    shown(
      'expiry',
      'Expiry › a transactional id',
      'Expiry › an open transaction keeps its transactional',
    ),
    shown(
      'un-added partitions',
      'Transactions, verification › Produce v3',
      'Transactions, verification › Produce v11',
    ),
    shown('the window after EndTxn', 'Transactions, after EndTxn › commit again'),
    shown(
      'late records',
      'Transactions, late records › Produce v7 at once after commit',
      'Transactions, late records › Produce v12 with the old epoch',
    ),
    shown(
      'markers',
      'Transactions, the log › a marker',
      'Transactions, the log › a partition that was added',
    ),
    shown(
      'aborted list',
      'Transactions, the log › the aborted list',
      'Transactions, the log › a fetch of one batch',
    ),
    shown('sequences across transactions', 'Transactions, the log › a record that repeats'),
    shown(
      'TxnOffsetCommit',
      'Transactions, verification › TxnOffsetCommit',
      'Transactions, offsets › members are asked',
    ),
    shown('a newer epoch', 'Transactions, offsets › a newer epoch'),
    shown(
      'pending offsets',
      'Transactions, offsets › a pending offset',
      'Transactions, offsets › all stable',
    ),
    shown(
      'the second version',
      'Transactions, second version › EndTxn 5 again',
      'Transactions, second version › EndTxn 5 aborts',
      'Transactions, second version › EndTxn 5 of a fenced',
      'Transactions, second version › EndTxn 5 after a time-out',
      'Transactions, second version › Produce 12 adds',
      'Transactions, second version › Produce 12 of an unknown id',
      'Transactions, second version › the marker has the next epoch',
    ),
    elsewhere(
      'it waits for earlier markers',
      'test/broker/transactions/kafka-4.test.ts',
      'it waits inside the broker',
    ),
    shown('what operators see', 'Inspection › ListTransactions', 'Inspection › DescribeProducers'),
    shown('states', 'Transactions, the coordinator › DescribeTransactions'),
    except('an open transaction after a restart; coordinator epochs', noRestart),
  ),
  ...about('fetch')(
    shown('offsets', 'Fetch › an offset inside', 'Fetch › the end is empty', 'Fetch › offset 3'),
    shown('isolation', 'Fetch › an isolation level of 7', 'Transactions, the log › a fetch above'),
    shown('topic ids', 'Fetch › from v13 topics go by id'),
    shown('leader epochs', 'Fetch › a leader epoch', 'Three nodes › an older leader epoch'),
    shown('waiting', 'Fetch › nothing there', 'Fetch › minBytes', 'Fetch › only an unknown'),
    shown(
      'waiting beside errors',
      'Fetch › an unknown partition beside',
      'Fetch › a partition out of range beside',
    ),
    shown(
      'woken or not',
      'Topics, deletion › the deletion of its topic',
      'Administration › a fetch that waits',
    ),
    shown(
      'limits',
      'Fetch › a partition limit',
      'Fetch › the last batch is cut',
      'Fetch › only the first',
    ),
    shown('sessions', 'Fetch sessions › '),
    shown('zstd topics', 'Fetch › a topic with compression.type zstd'),
  ),
  ...about('offsets of a log')(
    shown(
      'ListOffsets',
      'ListOffsets › an empty partition',
      'ListOffsets › timestamp -3',
      'ListOffsets › -4',
    ),
    shown('by time', 'ListOffsets › a timestamp finds'),
    shown(
      'read_committed',
      'Transactions, the log › -3 with',
      'Transactions, the log › read_committed ends',
    ),
    shown('a partition twice', 'ListOffsets › a partition twice'),
    shown(
      'OffsetForLeaderEpoch',
      'ListOffsets › OffsetForLeaderEpoch',
      'Three nodes › OffsetForLeaderEpoch',
    ),
    shown(
      'DeleteRecords',
      'Administration › DeleteRecords moves',
      'Administration › DeleteRecords of a compacted',
    ),
  ),
  ...about('groups')(
    shown('member ids', 'Groups, joining › JoinGroup v0', 'Groups, joining › JoinGroup v4'),
    shown('refusals', 'Groups, joining › a session of', 'Groups, joining › no protocols'),
    shown('group.max.size', 'Limits › a full group', 'Limits › in a full join phase'),
    shown(
      'initial delay',
      'Limits › whoever joins first',
      'Limits › company extends',
      'Limits › the wait',
    ),
    shown('an unused id', 'Groups, joining › an id'),
    shown('a client that vanished', 'Groups, joining › a client that vanished'),
    shown(
      'CompletingRebalance',
      'Groups, joining › in CompletingRebalance',
      'Groups, offsets › in Completing',
    ),
    shown(
      'PreparingRebalance',
      'Groups, life of a generation › heartbeat and SyncGroup',
      'Groups, offsets › in Preparing',
    ),
    shown(
      'SyncGroup',
      'Groups, life of a generation › a follower',
      'Groups, life of a generation › SyncGroup knows',
    ),
    shown(
      'rejoins',
      'Groups, joining › a follower that rejoins',
      'Groups, joining › the leader of a stable',
    ),
    shown('the vote', 'Groups, joining › the protocol', 'Groups, joining › a vote that is tied'),
    shown(
      'the next leader',
      'Groups, joining › the next leader is any',
      'Groups, joining › a leader that does not rejoin',
    ),
    shown('who does not sync', 'Groups, life of a generation › a leader that does not sync'),
    shown('closed sockets', 'Groups, life of a generation › a closed connection'),
    shown(
      'signs of life',
      'Groups, life of a generation › OffsetFetch is no',
      'Groups, life of a generation › SyncGroup in a stable',
    ),
    shown(
      'LeaveGroup',
      'Groups, life of a generation › LeaveGroup v0',
      'Groups, life of a generation › an id that was handed',
    ),
    shown(
      'static members',
      'Groups, static members › a restarted',
      'Groups, static members › from v9',
    ),
    shown(
      'commits',
      'Groups, offsets › v2',
      'Groups, offsets › v9 with',
      'Groups, offsets › metadata',
    ),
    shown('what is fetched', 'Groups, offsets › what is missing', 'Groups, offsets › null asks'),
    shown('offsets of deleted topics', 'Topics, deletion › the offsets of a topic'),
    shown('offset retention', 'Expiry › an offset without a group'),
    shown(
      'describing',
      'Groups, from outside › DescribeGroups',
      'Groups, from outside › ListGroups',
    ),
    except('DescribeGroups v6 of an unknown group', 'the version is not served'),
    shown('deleting', 'Groups, from outside › DeleteGroups', 'Administration › OffsetDelete'),
    shown('the last offset', 'Administration › a group whose last offset'),
    except('a stable group and producer ids after a restart', noRestart),
    shown('groups of KIP-848', 'Inspection › a group of KIP-848'),
    except('epochs of KIP-848', 'such groups are not served'),
  ),
  ...about('topics')(
    shown(
      'creation',
      'Topics › a topic that exists',
      'Topics › 0 partitions',
      'Topics › an unknown setting',
    ),
    shown('names', 'Topics › the name', 'Topics › a_b beside a.b', 'Topics › a name twice'),
    shown('assignments', 'Topics › an assignment to', 'Topics › an assignment and counts'),
    shown('settings in the answer', 'Topics › from v5 on'),
    shown('defaults, time-outs', 'Topics › -1 is the default', 'Topics › a timeout of 0'),
    shown('the first moments', 'Topics, the first moments › what the first Produce'),
    shown(
      'auto-creation',
      'Topics, the first moments › Metadata v',
      'Limits › a topic that is asked for',
    ),
    shown('deletion', 'Topics, deletion › DeleteTopics', 'Limits › topics that may not be deleted'),
    shown(
      'deletion in use',
      'Topics, deletion › a transaction in',
      'Topics, deletion › a member stays',
    ),
    except(
      'Metadata may show a deleted topic once more',
      'a moment of one node that nobody can force',
    ),
    shown('partitions', 'Administration › CreatePartitions'),
    shown(
      'settings',
      'Administration › DescribeConfigs',
      'Administration › IncrementalAlterConfigs',
    ),
    shown('Metadata', 'Topics › Metadata v0', 'Topics › Metadata: an unknown name'),
    except(
      "defaults of a broker's own settings",
      'DescribeConfigs tells those that this broker has',
    ),
  ),
  ...about('nodes')(
    shown('FindCoordinator', 'Groups, from outside › FindCoordinator'),
    shown('start-up of coordinators', 'Start-up › a group', 'Start-up › a transactional id'),
    shown('ACLs, elections', 'Administration › ACLs', 'Administration › ElectLeaders'),
    shown('bytes on disk', 'Inspection › DescribeLogDirs'),
    shown(
      'wrong nodes',
      'Three nodes › Produce',
      'Three nodes › a group asked',
      'Three nodes › a transactional id',
    ),
    shown('moved partitions', 'Three nodes › the node that led'),
  ),
  ...about('cleaning')(
    shown('compaction', 'Cleaning › compaction keeps'),
    shown('tombstones', 'Cleaning › a tombstone'),
    except('the attribute bit of a delete horizon', 'nothing that a client reads depends on it'),
    shown('the last batch of a producer', "Cleaning › a producer's last batch"),
    shown('aborted records', 'Cleaning › compaction takes aborted'),
    except('how long markers stay', 'it depends on passes that nobody can ask for'),
    shown('open transactions', 'Cleaning › nothing is cleaned'),
    shown('retention', 'Cleaning › retention counts'),
    except(
      'retention by size',
      'it was seen to leave the newest segment alone, and there are no others',
    ),
  ),
];
