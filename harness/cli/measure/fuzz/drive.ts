/**
 * A broker among hostile clients: frames from a seed, in pieces of any size, on connections that
 * come and go, while a well-behaved client goes on writing and reading. Virtual time passes, so
 * that what waits comes due.
 *
 * What has to hold: nothing is thrown, whatever is answered can be encoded, the good client loses
 * nothing, and a broker that is begun anew, as often as there are rounds, takes no more memory than
 * the ones before.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createBroker, type Broker } from '#broker';
import { invariant, random, type Random } from '#kernel';
import { decodeBatch, decodeResponse, encodeBatch, encodeRequest, type ApiName } from '#protocol';
import { hostileFrame, hostileTopics } from './frames.ts';

export interface Fuzzed {
  readonly frames: number;
  readonly requests: number;
  readonly answers: number;
  readonly closed: number;
  /** The good client's round trips. */
  readonly roundTrips: number;
  /** What was thrown, or what the good client missed, with the number of the frame. */
  readonly troubles: readonly string[];
  /** Heap at the end of each round, after collection, in MB. */
  readonly heapMb: readonly number[];
}

const framesPerRound = 20_000;
const connections = 8;
const goodConnection = 1_000;

export function fuzzBroker(seed: number, frames: number, say?: (line: string) => void): Fuzzed {
  const sum = { requests: 0, answers: 0, closed: 0, roundTrips: 0 };
  const troubles: string[] = [];
  const heapMb: number[] = [];
  for (let done = 0; done < frames; done += framesPerRound) {
    const round = new Round(random(seed, `round ${done}`));
    const last = Math.min(framesPerRound, frames - done);
    for (let index = 0; index < last; index++) {
      try {
        round.step();
      } catch (error) {
        troubles.push(
          `frame ${done + index}: ${error instanceof Error ? error.stack : String(error)}`,
        );
        break;
      }
    }
    for (const key of ['requests', 'answers', 'closed', 'roundTrips'] as const) {
      sum[key] += round.count[key];
    }
    heapMb.push(heapAfterCollection());
    say?.(`  ${done + last} of ${frames} frames, heap ${heapMb.at(-1)} MB`);
    if (troubles.length >= 5) break;
  }
  return { frames, ...sum, troubles, heapMb };
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return Math.round((process.memoryUsage().heapUsed / 2 ** 20) * 10) / 10;
}

interface MetadataAnswer {
  readonly topics: readonly [{ readonly partitions: readonly [{ readonly leaderId: number }] }];
}

interface ProduceAnswer {
  readonly responses: readonly [
    {
      readonly partitionResponses: readonly [
        { readonly errorCode: number; readonly baseOffset: number },
      ];
    },
  ];
}

interface FetchAnswer {
  readonly responses: readonly [{ readonly partitions: readonly [{ readonly records: Buffer }] }];
}

class Round {
  readonly count = { requests: 0, answers: 0, closed: 0, roundTrips: 0 };
  readonly #random: Random;
  readonly #broker: Broker;
  readonly #busy = new Set<number>();
  #nowMs = 1_700_000_000_000;
  #frames = 0;
  #written = 0;

  constructor(stream: Random) {
    this.#random = stream;
    const nodes = [1, 2].map((nodeId) => ({ nodeId, host: '127.0.0.1', port: 9000 + nodeId }));
    this.#broker = createBroker({ nodes, autoCreateTopics: true, groupInitialRebalanceDelayMs: 0 });
    this.#broker.createTopic('good', 1);
    for (const name of hostileTopics.slice(0, 2)) this.#broker.createTopic(name, 2);
    for (let connection = 0; connection < connections; connection++) this.#open(connection);
    this.#broker.connect(goodConnection);
    const asked = { topics: [{ name: 'good' }] };
    const metadata = this.#ask('Metadata', 1, asked) as MetadataAnswer;
    const { leaderId } = metadata.topics[0].partitions[0];
    this.#broker.disconnect(goodConnection);
    this.#broker.connect(goodConnection, leaderId);
  }

  step(): void {
    this.#frames++;
    const connection = this.#random.below(connections);
    // A length that lies swallows what comes next: begin anew often enough to be heard.
    if (this.#busy.has(connection) || this.#random.below(2) === 0) this.#reopen(connection);
    this.#send(connection, hostileFrame(this.#random, this.#frames));
    if (this.#random.below(20) === 0) this.#pass(this.#random.below(2_000));
    if (this.#frames % 500 === 0) this.#roundTrip();
  }

  #open(connection: number): void {
    this.#broker.connect(connection, 1 + (connection % 2));
  }

  #reopen(connection: number): void {
    this.#broker.disconnect(connection);
    this.#busy.delete(connection);
    this.#open(connection);
  }

  /** In up to three pieces. */
  #send(connection: number, bytes: Buffer): void {
    const cuts = [this.#random.below(bytes.length + 1), this.#random.below(bytes.length + 1)];
    const [first = 0, second = 0] = cuts.toSorted((a, b) => a - b);
    for (const piece of [
      bytes.subarray(0, first),
      bytes.subarray(first, second),
      bytes.subarray(second),
    ]) {
      for (const received of this.#broker.receive(connection, piece)) {
        if (received === 'close') return this.#close(connection);
        this.count.requests++;
        this.#busy.add(connection);
        this.#broker.apply(received, this.#nowMs);
        if (!this.#collect(connection)) return;
        if (this.#busy.has(connection)) return; // waits, and holds up what is behind it
      }
    }
  }

  #close(connection: number): void {
    this.count.closed++;
    this.#reopen(connection);
  }

  /** Answers what is ready; false where that closed this connection. */
  #collect(connection: number): boolean {
    let open = true;
    for (const { request, body } of this.#broker.take().answers) {
      this.#busy.delete(request.connection);
      if (body !== 'close') {
        this.count.answers++;
        continue;
      }
      this.#close(request.connection);
      if (request.connection === connection) open = false;
    }
    return open;
  }

  #pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#broker.nextTimer();
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#broker.runTimer(this.#nowMs);
      this.#collect(-1);
    }
    this.#nowMs = untilMs;
  }

  /** Writes one record and reads it back, whatever the others do. */
  #roundTrip(): void {
    const value = `v${this.#written}`;
    const records = encodeBatch({ records: [{ key: 'k', value }] });
    const written = this.#ask('Produce', 7, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: 'good', partitionData: [{ index: 0, records }] }],
    }) as ProduceAnswer;
    const [produced] = written.responses[0].partitionResponses;
    invariant(produced.errorCode === 0, `the good client's record got ${produced.errorCode}`);
    invariant(produced.baseOffset === this.#written, 'its offsets are its own');
    const read = this.#ask('Fetch', 11, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      isolationLevel: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: 'good',
          partitions: [
            {
              partition: 0,
              fetchOffset: this.#written,
              currentLeaderEpoch: -1,
              partitionMaxBytes: 1_000_000,
            },
          ],
        },
      ],
    }) as FetchAnswer;
    const [fetched] = read.responses[0].partitions;
    const [record] = decodeBatch(fetched.records).records;
    invariant(String(record?.value) === value, `it wrote ${value} and reads it`);
    this.#written++;
    this.count.roundTrips++;
  }

  #ask(api: ApiName, version: number, body: object): unknown {
    const frame = encodeRequest(api, version, 1, 'good', body);
    const [request] = this.#broker.receive(goodConnection, frame);
    invariant(request !== undefined && request !== 'close', `${api} is received`);
    this.#broker.apply(request, this.#nowMs);
    let answer: unknown;
    for (const answered of this.#broker.take().answers) {
      if (answered.request.id === request.id) {
        invariant(answered.bytes !== undefined, `${api} is answered`);
        answer = decodeResponse(api, version, answered.bytes.subarray(4)).body;
      } else {
        this.#busy.delete(answered.request.connection);
        if (answered.body === 'close') this.#close(answered.request.connection);
        else this.count.answers++;
      }
    }
    invariant(answer !== undefined, `${api} is answered at once`);
    return answer;
  }
}
