/** What was seen of transactions; the rest of the table is in observed.ts. */
import { about, elsewhere, except, noRestart, shown, type Observed } from './observed-rows.ts';

export const observedOfTransactions: readonly Observed[] = about('transactions')(
  shown(
    'InitProducerId',
    'Transactions, the coordinator › a new id',
    'Transactions, the coordinator › v3 with',
  ),
  shown('its first answer', 'Start-up › the first producer id'),
  shown('own open transaction', "Transactions, the coordinator › InitProducerId of one's own"),
  shown('AddPartitionsToTxn', 'Transactions, the coordinator › AddPartitionsToTxn v0'),
  except('the order of its answer', 'Kafka answers in that of a hash table'),
  shown('internal topics', 'Transactions, the coordinator › an internal topic'),
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
    'Transactions, the coordinator › the abort marker',
    'Transactions, the log › WriteTxnMarkers',
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
    'Transactions, versions mixed › whether a first sequence',
  ),
  elsewhere(
    'it waits for earlier markers',
    'test/broker/transactions/kafka-4.test.ts',
    'it waits inside the broker',
  ),
  shown('what operators see', 'Inspection › ListTransactions', 'Inspection › DescribeProducers'),
  shown('states', 'Transactions, the coordinator › DescribeTransactions'),
  except('an open transaction after a restart; coordinator epochs', noRestart),
);
