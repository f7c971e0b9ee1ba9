/** Rows of what Kafka's logs have, hand out and are told: records, markers, deliveries, commits. */
import type { Fact } from '#check';
import { roleOf } from '#schedule';
import type { Draft } from './drafts.ts';
import { logName, type Commit, type Deliver, type Reading } from './reading.ts';
import { labelOf, commitWords, list, plural } from './words.ts';

export function appendDraft(fact: Extract<Fact, { kind: 'append' }>, reading: Reading): Draft {
  const again = reading.again.has(fact.seq) ? ' again' : '';
  const name = labelOf(fact);
  const minor = fact.command !== undefined && reading.input(fact.command)?.seq === fact.seq;
  const place = `${logName(fact)} at offset ${fact.offset}`;
  return {
    cells: [
      ...(fact.slot ? [{ lane: `slot ${fact.slot}`, text: `sends ${name}${again}`, minor }] : []),
      { lane: `log ${logName(fact)}`, text: `${fact.offset} ${name}${again}` },
    ],
    sentence: fact.slot
      ? `${fact.slot} sends ${name}${again}: ${place}.`
      : `${name} stands in ${place}${again}.`,
    weight: 60,
  };
}

/** A marker takes an offset of its own; what was written before it is seen now, or never. */
export function markerDraft(fact: Extract<Fact, { kind: 'marker' }>, reading: Reading): Draft {
  const about = list(reading.commandsOf(fact)) || 'nothing';
  const verb = fact.outcome === 'commit' ? 'commits' : 'aborts';
  const seen = fact.outcome === 'commit' ? 'readers see it from now on' : 'no reader will see it';
  return {
    cells: [{ lane: `log ${logName(fact)}`, text: `${fact.offset} ${verb} ${about}`, minor: true }],
    sentence: `The marker at offset ${fact.offset} of ${logName(fact)} ${verb} ${about}: ${seen}.`,
    weight: about === 'nothing' ? 5 : 55,
  };
}

export function deliverDraft(fact: Deliver, reading: Reading): Draft {
  const again = reading.again.has(fact.seq);
  // Who is in several groups does not say whose offset decided.
  const groups = reading.groupsOf(fact.slot);
  const known = again && groups.size < 2;
  const what = deliveredWords(fact, again, reading);
  const committed = reading.committedBefore(fact.seq, fact, groups);
  const mark = committed && committed.offset >= 0 ? String(committed.offset) : 'none';
  return {
    cells: [
      { lane: `slot ${fact.slot}`, text: `← ${what}` },
      ...(known ? [{ lane: `log ${logName(fact)}`, text: `committed: ${mark}` }] : []),
    ],
    sentence:
      `${fact.slot} receives ${what} from ${logName(fact)}` +
      ` (offset ${list(fact.offsets.map(String))})${known ? `; committed: ${mark}` : ''}.`,
    weight: again ? 62 : 58,
  };
}

/** Of records that have names it is known which of them came again. */
function deliveredWords(fact: Deliver, again: boolean, reading: Reading): string {
  const records = reading.recordsIn(fact);
  if (records !== undefined && records.length > 0) {
    return list(records.map((record) => record.label + (record.again ? ' again' : '')));
  }
  const what =
    fact.commands.length > 0 ? list(fact.commands) : plural(fact.offsets.length, 'record');
  return what + (again ? ' again' : '');
}

export function commitDraft(fact: Commit, reading: Reading): Draft {
  const former = reading.committedBefore(fact.seq, fact, new Set([fact.group]));
  const same = former?.offset === fact.offset;
  const group = isForeignGroup(fact, reading) ? ` for ${fact.group}` : '';
  return {
    cells: [
      ...(fact.slot
        ? [{ lane: `slot ${fact.slot}`, text: `commits ${commitWords(fact.offset)}${group}` }]
        : []),
      {
        lane: `log ${logName(fact)}`,
        text: `committed: ${fact.offset >= 0 ? fact.offset : 'none'}`,
      },
    ],
    sentence:
      `${fact.slot ?? 'Somebody else'} commits offset ${commitWords(fact.offset)}` +
      ` of ${logName(fact)} for the group ${fact.group}.`,
    weight: same ? 10 : 60,
  };
}

/** The group is named where it could be taken for another one. */
function isForeignGroup({ group, slot }: Commit, { groups }: Reading): boolean {
  return groups.size > 1 || (slot !== undefined && group !== roleOf(slot));
}
