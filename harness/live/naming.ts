/** In whose words calls and statements are told: the chapter's, by the same code that names them in simulation. */
import type { Frame } from '#postgres';

export interface Naming {
  /** The command will be sent: from here on its id is known where it stands. */
  learn(command: string): void;
  /** The known ids in these values, also inside JSON. */
  among(values: readonly (string | null)[]): readonly string[];
  /** For one connection to the database. */
  session(): SqlSession;
}

export interface SqlSession {
  /** What these messages are about; `isOpen` = a transaction is. */
  asks(frames: readonly Frame[], isOpen: boolean): SqlAsked;
}

export interface SqlAsked {
  readonly operation: string;
  readonly target: string;
  readonly cause: readonly string[];
  /** It may change something, or end a transaction that did: a place for faults. */
  readonly isPlace: boolean;
  /** It commits what it or its transaction changed, unless it fails. */
  readonly commits: boolean;
  /** Told once; answers whether others may see something new now. */
  answered(isOpen: boolean): boolean;
}
