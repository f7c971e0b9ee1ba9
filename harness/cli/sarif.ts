/**
 * A report in the Static Analysis Results Interchange Format (2.1.0): the findings, and every call
 * at which dying breaks something, each at its line. Editors and code hosts show it beside the code.
 */
import type { Log, Result } from 'sarif';
import type { CoveredCall, Report, ReportFinding } from '#verify';

const schema = 'https://json.schemastore.org/sarif-2.1.0.json';

/** `uriOf` = a file of the report, relative to the root of the repository, with `/`. */
export function sarifOf(report: Report, uriOf: (file: string) => string): Log {
  const findings = report.findings.filter(({ blame }) => blame === 'service');
  const calls = report.coverage?.sites ?? [];
  const results = [
    ...findings.map((finding) => findingResult(finding, uriOf)),
    ...calls.flatMap((call) => callResults(call, uriOf)),
  ];
  const said = new Map(findings.map(({ property, says }) => [property, says]));
  const rules = [...new Set(results.flatMap(({ ruleId }) => ruleId ?? []))].map((id) => ({
    id,
    shortDescription: { text: said.get(id) ?? id },
  }));
  const { version, chapter, level, seed, verdict } = report;
  return {
    $schema: schema,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Crashproof', rules } },
        columnKind: 'utf16CodeUnits',
        results,
        properties: { version, chapter, level, seed, verdict },
      },
    ],
  };
}

function findingResult(finding: ReportFinding, uriOf: (file: string) => string): Result {
  const { property, sentence, faults, replay, code } = finding;
  return {
    ruleId: property,
    level: 'error',
    message: { text: [sentence, ...faults, `Again: ${replay}`].join('\n') },
    locations: code
      .slice(0, 1)
      .map(({ file, line }) => locationOf(uriOf(file), { startLine: line })),
  };
}

function callResults(call: CoveredCall, uriOf: (file: string) => string): Result[] {
  const { file, line, column, endLine } = call;
  return (['before', 'during', 'after'] as const).flatMap((phase): Result[] => {
    const { word, finding, broke, of } = call[phase];
    if (finding === undefined) return [];
    const how =
      word === 'breaks' ? `Dying ${phase} this call breaks` : 'Also without dying, this breaks';
    const text = `${how} ${finding.property} (${broke} of ${of}): ${finding.sentence}`;
    const again = finding.replay === undefined ? [] : [`Again: ${finding.replay}`];
    return [
      {
        ruleId: finding.property,
        level: 'warning',
        message: { text: [text, ...finding.faults, ...again].join('\n') },
        locations: [locationOf(uriOf(file), { startLine: line, startColumn: column, endLine })],
      },
    ];
  });
}

function locationOf(
  uri: string,
  region: { readonly startLine: number; readonly startColumn?: number; readonly endLine?: number },
): NonNullable<Result['locations']>[number] {
  return { physicalLocation: { artifactLocation: { uri }, region } };
}
