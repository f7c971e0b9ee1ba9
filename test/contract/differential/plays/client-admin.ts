/** What an admin client of kafkajs says of the group and the topic. */
import type { Admin } from 'kafkajs';
import type { Observation, Of, Plays } from '../commands.ts';
import type { Stage } from '../stage.ts';
import { kafkaJs, outcomeOf } from './client.ts';

export class ClientAdmin implements Plays<'client looks' | 'client deletes group'> {
  readonly #stage: Stage;
  #admin: Promise<Admin> | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async close(): Promise<void> {
    await (await this.#admin)?.disconnect();
  }

  readonly 'client looks' = async ({ kind, at }: Of<'client looks'>): Promise<Observation> => {
    const outcome = await outcomeOf(() => this.#sights[at]());
    const offsets = at === 'offsets' && outcome.told;
    if (!Array.isArray(offsets) || !this.#stage.automatic) return { kind, at, ...outcome };
    return { kind, at, offsets, markers: await this.#stage.markersAt(offsets) };
  };

  readonly 'client deletes group' = async ({
    kind,
  }: Of<'client deletes group'>): Promise<Observation> => {
    const { group } = this.#stage;
    const outcome = await outcomeOf(async () => {
      const told = await (await this.#open()).deleteGroups([group]);
      return told.map(({ errorCode }) => errorCode);
    });
    return { kind, ...outcome };
  };

  readonly #sights: { readonly [At in Of<'client looks'>['at']]: () => Promise<unknown> } = {
    offsets: async () => {
      const asked = { groupId: this.#stage.group, topics: [this.#topic()] };
      const told = await (await this.#open()).fetchOffsets(asked);
      return told.flatMap(({ partitions }) => this.#byPlace(partitions, ({ offset }) => offset));
    },
    'topic offsets': async () => {
      const told = await (await this.#open()).fetchTopicOffsets(this.#topic());
      return [
        ...this.#byPlace(told, ({ offset }) => offset),
        ...this.#byPlace(told, ({ high }) => high),
      ];
    },
    group: async () => {
      const { groups } = await (await this.#open()).describeGroups([this.#stage.group]);
      return groups.map(({ state, protocol, protocolType, members }) => ({
        state,
        protocol,
        protocolType,
        members: members
          .map(({ clientId, clientHost, memberAssignment, memberMetadata }) =>
            [clientId, clientHost, String(memberAssignment), String(memberMetadata)].join(' '),
          )
          .toSorted(),
      }));
    },
    groups: async () => {
      const { groups } = await (await this.#open()).listGroups();
      return groups
        .filter(({ groupId }) => groupId === this.#stage.group)
        .map(({ protocolType }) => protocolType);
    },
  };

  #topic(): string {
    return this.#stage.places[0]!.topic;
  }

  #byPlace<One extends { readonly partition: number }>(
    told: readonly One[],
    offsetOf: (one: One) => string,
  ): readonly unknown[] {
    return this.#stage.places.map(({ partition }, place) => {
      const one = told.find((each) => each.partition === partition);
      return one === undefined ? null : this.#stage.relative({ place }, Number(offsetOf(one)));
    });
  }

  #open(): Promise<Admin> {
    this.#admin ??= (async () => {
      const admin = kafkaJs(this.#stage, 'admin').admin();
      await admin.connect();
      return admin;
    })();
    return this.#admin;
  }
}
