/**
 * Plays the commands of one sequence on one broker and tells what it saw, with everything that
 * differs from run to run replaced: offsets count from the start of the sequence, producers and
 * members are named by their slots, times are left out.
 */
import type { Place, Scene } from '../scene.ts';
import type { Command, Observation, Of, Plays, Sequence } from './commands.ts';
import { Groups } from './plays/groups.ts';
import { Logs } from './plays/logs.ts';
import { Topics } from './plays/topics.ts';
import { Transactions } from './plays/transactions.ts';
import { Stage } from './stage.ts';

/** What is answered at once. */
export type Immediate = Exclude<Command, Of<'join'> | Of<'sync'>>;

export class Actor {
  readonly #stage: Stage;
  readonly #topics: Topics | undefined;
  readonly #plays: Plays<Immediate['kind']>;
  readonly groups: Groups;

  private constructor(stage: Stage, alone: boolean) {
    this.#stage = stage;
    this.groups = new Groups(stage);
    const topics = new Topics(stage);
    this.#topics = alone ? topics : undefined;
    this.#plays = Object.assign({}, new Logs(stage), new Transactions(stage), this.groups, topics);
  }

  static async begin(
    kafka: Scene,
    places: readonly Place[],
    { cast, alone }: Sequence,
  ): Promise<Actor> {
    const used = alone ? [(await kafka.topic())[0]!, ...places.slice(1)] : places;
    return new Actor(await Stage.set(kafka, used, cast), alone);
  }

  act(command: Immediate): Promise<Observation> {
    const play = this.#plays[command.kind] as (one: Immediate) => Promise<Observation>;
    return play(command);
  }

  async end(): Promise<void> {
    await this.#topics?.delete({ kind: 'delete', version: 5 });
    await this.#stage.clear();
  }
}
