/**
 * What kafkajs's tests have to say of a broker, held against what they said of Apache Kafka in
 * several runs: whatever passed in all of them has to pass. What failed in all is not asked for;
 * what did both is flaky there and proves nothing here.
 */
import type { SuiteTest } from './run.ts';

export interface Baseline {
  readonly kafkajs: string;
  readonly kafka: string;
  readonly runs: number;
  /** How many tests each file has. */
  readonly files: Readonly<Record<string, number>>;
  readonly fails: TestNames;
  readonly flaky: TestNames;
  readonly skipped: TestNames;
}

type TestNames = Readonly<Record<string, readonly string[]>>;

export interface Comparison {
  readonly required: number;
  readonly passed: number;
  /** Required, and did not pass. */
  readonly worse: readonly SuiteTest[];
  /** Files of the baseline with fewer tests than there. */
  readonly missing: readonly string[];
  /** Pass here, though they fail on Kafka or are flaky there. */
  readonly better: number;
}

export function compare(tests: readonly SuiteTest[], baseline: Baseline): Comparison {
  const has = (names: TestNames, { file, name }: SuiteTest): boolean =>
    names[file]?.includes(name) === true;
  const isRequired = (test: SuiteTest): boolean =>
    !has(baseline.fails, test) && !has(baseline.flaky, test) && !has(baseline.skipped, test);
  const ran = Map.groupBy(tests, ({ file }) => file);
  const count = (names: TestNames): number =>
    Object.values(names).reduce((sum, each) => sum + each.length, 0);
  const all = Object.values(baseline.files).reduce((sum, each) => sum + each, 0);
  const required = tests.filter(isRequired);
  return {
    required: all - count(baseline.fails) - count(baseline.flaky) - count(baseline.skipped),
    passed: required.filter(({ status }) => status === 'passed').length,
    worse: required.filter(({ status }) => status !== 'passed'),
    missing: Object.entries(baseline.files)
      .filter(([file, expected]) => (ran.get(file)?.length ?? 0) < expected)
      .map(([file]) => file),
    better: tests.filter((test) => !isRequired(test) && test.status === 'passed').length,
  };
}

export function baselineOf(
  runs: readonly (readonly SuiteTest[])[],
  versions: { readonly kafkajs: string; readonly kafka: string },
): Baseline {
  const tests = new Map<string, Map<string, Set<SuiteTest['status']>>>();
  for (const { file, name, status } of runs.flat()) {
    const names = tests.get(file) ?? new Map<string, Set<SuiteTest['status']>>();
    tests.set(file, names.set(name, (names.get(name) ?? new Set()).add(status)));
  }
  const files = [...tests.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  const where = (wanted: (statuses: ReadonlySet<SuiteTest['status']>) => boolean): TestNames => {
    const found: Record<string, string[]> = {};
    for (const file of files) {
      const names = [...tests.get(file)!].filter(([, statuses]) => wanted(statuses));
      if (names.length > 0) found[file] = names.map(([name]) => name);
    }
    return found;
  };
  return {
    ...versions,
    runs: runs.length,
    files: Object.fromEntries(files.map((file) => [file, tests.get(file)!.size])),
    fails: where((statuses) => statuses.size === 1 && statuses.has('failed')),
    flaky: where((statuses) => statuses.size > 1),
    skipped: where((statuses) => statuses.size === 1 && statuses.has('skipped')),
  };
}
