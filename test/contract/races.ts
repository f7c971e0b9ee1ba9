/**
 * Plays a race every way: at each request the next thing that time alone would do may happen first.
 * Depth first over these choices; more ways than the limit allows are our bug, not a result.
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
  let path: boolean[] = [];
  for (let plays = 0; ; plays++) {
    invariant(plays < mostPlays, `${race.says}: more than ${mostPlays} ways`);
    let step = 0;
    const taken = path;
    // Later before sooner: the shortest play comes first.
    const chooser: Chooser = () => (taken[step++] ??= false);
    const running = new InProcess({ ...options, chooser });
    const outcome = await race.play(new Scene(running, new Pool(running, 3), 'race'));
    await running.stop();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    path = taken.slice(0, step);
    while (path.at(-1) === true) path.pop();
    if (path.length === 0) return outcomes;
    path[path.length - 1] = true;
  }
}
