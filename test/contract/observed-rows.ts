/** How a row of the table of what was seen is written down (observed.ts). */
export interface Observed {
  readonly topic: string;
  readonly what: string;
  /** Each is the beginning of at least one case. */
  readonly cases: readonly string[];
  /** A test file and a title in it. */
  readonly elsewhere?: readonly [file: string, title: string];
  /** No case, because … */
  readonly exception?: string;
}

export const about =
  (topic: string) =>
  (...rows: readonly Row[]): readonly Observed[] =>
    rows.map(({ what, ...row }) => ({ topic, what, cases: [], ...row }));

type Row = { readonly what: string } & Partial<Observed>;

export const shown = (what: string, ...cases: readonly string[]): Row => ({ what, cases });
export const except = (what: string, exception: string): Row => ({ what, exception });
export const elsewhere = (what: string, file: string, title: string): Row => ({
  what,
  elsewhere: [file, title],
});

export const noRestart = 'a case cannot restart a broker, and the embedded one has no restart';
