/** Medians and their kin. Nearest rank: every figure is one that was really measured. */

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
  readonly count: number;
}

/** Nearest rank; 0 of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

export function spread(values: readonly number[]): Spread {
  return {
    min: rounded(quantile(values, 0)),
    median: rounded(quantile(values, 0.5)),
    p95: rounded(quantile(values, 0.95)),
    max: rounded(quantile(values, 1)),
    count: values.length,
  };
}

/** Three significant digits, as far as a measurement carries. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
