/**
 * What is wrong with a chapter, for the person who writes it: a sentence with its remedy, and
 * where.
 */
export interface Problem {
  /** `01-producer-consumer`; empty = the set of chapters. */
  readonly chapter: string;
  /** `capture` = only the output in the text is missing; a script makes it. */
  readonly kind: 'order' | 'definition' | 'services' | 'overlays' | 'text' | 'capture';
  readonly sentence: string;
  /** Relative to the root. */
  readonly file?: string;
  readonly line?: number;
}

/** Collects problems of one chapter. */
export type Report = (
  kind: Problem['kind'],
  sentence: string,
  at?: { readonly file?: string; readonly line?: number },
) => void;
