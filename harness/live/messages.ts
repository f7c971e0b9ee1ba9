/** What crosses between the live world and the processes it starts: plain data over IPC. */

/** What a process is told once, before anything else. */
export interface Begin {
  readonly kind: 'begin';
  readonly role: string;
  readonly slot: string;
  readonly program: ProgramFiles;
  /** `host:port` */
  readonly broker: string;
  /** Left out = the chapter has no database. */
  readonly database?: DatabaseLogin | undefined;
  /** Port to the names of its calls. */
  readonly ports: Readonly<Record<string, readonly string[]>>;
}

/** As `pg` takes it. */
export interface DatabaseLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
  /** Whatever the environment says: the connection never leaves this machine. */
  readonly ssl: false;
  /** Settings of its sessions. */
  readonly options: string;
}

/** The same two files that the simulated world evaluates, where they lie on disk. */
export interface ProgramFiles {
  readonly service: string;
  readonly libraries: string;
  /** Packages are looked up from here. */
  readonly projectRoot: string;
  /** What `__dirname` is for the learner. */
  readonly folder: string;
}

export type ToInstance =
  | Begin
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly call: string;
      readonly args: readonly unknown[];
    }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly value?: unknown;
      readonly error?: PlainError;
    }
  | { readonly kind: 'stop' };

export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Hashes of the two files as they were read. */
export interface Loaded {
  readonly service: string;
  readonly libraries: string;
}

export type FromInstance =
  | { readonly kind: 'loaded'; readonly hashes: Loaded }
  | { readonly kind: 'does not load'; readonly error: PlainError }
  | { readonly kind: 'ready' }
  /** It ends next, and why. */
  | { readonly kind: 'fails'; readonly how: string; readonly error: PlainError }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'answered';
      readonly id: number;
      readonly error?: string;
      /** What the call resolved to, as JSON; absent when that was nothing. */
      readonly result?: string;
    }
  | {
      readonly kind: 'port';
      readonly id: number;
      readonly port: string;
      readonly call: string;
      readonly args: readonly unknown[];
    };
