/**
 * Plays a race every way: at each request the next timer may go first, or an error that a healthy
 * Kafka may answer may come instead. Depth first over these choices; a play that made more of them
 * than the limit allows is our bug, not a result.
 */
import { invariant } from '#kernel';
import type { BrokerOptions } from '#broker';
import type { Race } from './area.ts';
import { InProcess, type Chooser } from './in-process.ts';
import { Pool } from './pool.ts';
import { Scene } from './scene.ts';

const mostPlays = 5_000;

/** Each outcome with how many orders of events came to it. */
export async function playEveryWay(
  race: Race,
  options: BrokerOptions = {},
): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  let path: { chosen: number; of: number }[] = [];
  for (let plays = 0; ; plays++) {
    invariant(plays < mostPlays, `${race.says}: more than ${mostPlays} ways`);
    let step = 0;
    const taken = path;
    const chooser: Chooser = (_api, moves) => {
      // Choice 0 is to apply the request: the shortest play comes first.
      taken[step] ??= { chosen: 0, of: moves.length + 1 };
      const { chosen } = taken[step++]!;
      return chosen === 0 ? 'apply' : moves[chosen - 1]!;
    };
    const { mayAnswer } = race;
    const running = new InProcess({
      ...options,
      chooser,
      ...(mayAnswer !== undefined && { mayAnswer }),
    });
    const outcome = await race.play(new Scene(running, new Pool(running, 3), 'race'));
    await running.stop();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    path = taken.slice(0, step);
    while (path.length > 0 && path.at(-1)!.chosen + 1 >= path.at(-1)!.of) path.pop();
    if (path.length === 0) return outcomes;
    path.at(-1)!.chosen++;
  }
}
