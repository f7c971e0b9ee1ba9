/** What a launcher and the guard of its server say to each other. Plain data over the channel of `fork`. */
import type { FailureCode } from '#kernel';

/** The user that PostgreSQL runs as where we are root, which it refuses to be. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** Everything a guard needs to know to run one server. */
export interface Plan {
  /** Unlike any other; it stands in the command line of each process of the server. */
  readonly name: string;
  /** Where prepared data directories and running servers of this version are kept. */
  readonly base: string;
  readonly initdb: string;
  readonly postgres: string;
  readonly runAs: RunAs | undefined;
  /** The folder of the Unix socket; undefined = loopback TCP. */
  readonly socketDirectory: string | undefined;
  /** A TCP port that must be this one; undefined = any free one. */
  readonly port: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

export type ToGuard =
  | { readonly kind: 'start'; readonly plan: Plan }
  /** Said before the backend is stopped. */
  | { readonly kind: 'stops'; readonly pid: number }
  /** Said after the backend was let go. */
  | { readonly kind: 'continues'; readonly pid: number }
  | { readonly kind: 'close' };

export type FromGuard =
  | { readonly kind: 'ready'; readonly pid: number; readonly port: number }
  | { readonly kind: 'failed'; readonly code: FailureCode; readonly message: string }
  /** Everything is gone; the sentence says why nobody asked for it, if nobody did. */
  | { readonly kind: 'ended'; readonly sentence: string | undefined };
