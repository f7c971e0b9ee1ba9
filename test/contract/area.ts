/**
 * The contract as data: named behaviours, each a sentence with a few lines that show it on any
 * broker. A behaviour that holds in one line of Kafka only names it. A race lists what may come
 * out: a real Kafka must stay inside, and the embedded broker must come to each of them, and to
 * nothing else, when every order of what can happen is played (races.ts).
 */
import type { Scene } from './scene.ts';
import { usual, type Settings } from './settings.ts';

export type Line = '3.9' | '4';

export interface Behaviour {
  readonly kind: 'behaviour';
  readonly says: string;
  /** Where left out: both. */
  readonly line?: Line;
  /** Why the embedded broker does otherwise, in a sentence; it stands in UNSUPPORTED.md too. */
  readonly notEmbedded?: string;
  readonly show: (kafka: Scene) => Promise<void>;
}

export interface Race {
  readonly kind: 'race';
  readonly says: string;
  readonly line?: Line;
  readonly outcomes: readonly string[];
  /** What comes out of a real Kafka only, and why the embedded broker cannot come to it. */
  readonly onlyKafka?: { readonly outcome: string; readonly because: string };
  /** As in a behaviour. */
  readonly notEmbedded?: string;
  readonly play: (kafka: Scene) => Promise<string>;
}

type Show = Behaviour['show'];

export interface AreaOptions {
  /** Its cases would see others that run at the same time. */
  readonly alone?: boolean;
  /** Comes first, to a broker that nobody has asked anything yet. */
  readonly cold?: boolean;
  readonly settings?: Settings;
}

export class Area {
  readonly name: string;
  readonly alone: boolean;
  readonly cold: boolean;
  readonly settings: Settings;
  readonly cases: (Behaviour | Race)[] = [];

  constructor(name: string, options: AreaOptions = {}) {
    const { alone = false, cold = false, settings = usual } = options;
    this.name = name;
    this.alone = alone;
    this.cold = cold;
    this.settings = settings;
  }

  holds(says: string, show: Show): void {
    this.cases.push({ kind: 'behaviour', says, show });
  }

  holdsOn(line: Line, says: string, show: Show): void {
    this.cases.push({ kind: 'behaviour', says, line, show });
  }

  /** True of Kafka; the embedded broker differs, and says so. */
  exception(says: string, notEmbedded: string, show: Show, line?: Line): void {
    this.cases.push({ kind: 'behaviour', says, notEmbedded, show, ...(line && { line }) });
  }

  races(says: string, race: Omit<Race, 'kind' | 'says'>): void {
    this.cases.push({ kind: 'race', says, ...race });
  }
}
