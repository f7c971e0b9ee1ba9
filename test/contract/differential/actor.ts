/**
 * Plays the commands of one sequence on one broker and tells what it saw, with everything that
 * differs from run to run replaced: offsets count from the start of the sequence, producers and
 * members are named by their slots, times are left out.
 */
import type { Place, Scene } from '../scene.ts';
import type { Cast, Command, Observation, Of, Plays } from './commands.ts';
import { Groups } from './plays/groups.ts';
import { Logs } from './plays/logs.ts';
import { Transactions } from './plays/transactions.ts';
import { Stage } from './stage.ts';

/** What is answered at once. */
export type Immediate = Exclude<Command, Of<'join'> | Of<'sync'>>;

export class Actor {
  readonly #stage: Stage;
  readonly #plays: Plays<Immediate['kind']>;
  readonly groups: Groups;

  private constructor(stage: Stage) {
    this.#stage = stage;
    this.groups = new Groups(stage);
    this.#plays = Object.assign({}, new Logs(stage), new Transactions(stage), this.groups);
  }

  static async begin(kafka: Scene, places: readonly Place[], cast: Cast): Promise<Actor> {
    return new Actor(await Stage.set(kafka, places, cast));
  }

  act(command: Immediate): Promise<Observation> {
    const play = this.#plays[command.kind] as (one: Immediate) => Promise<Observation>;
    return play(command);
  }

  end(): Promise<void> {
    return this.#stage.clear();
  }
}
