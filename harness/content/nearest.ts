/**
 * The candidate that a mistyped word was most likely meant to be: the only one with a name that
 * begins with it or has it as one of its parts (`first` for first-crash); else least edits, where swapping
 * two neighbours is one (51 for 15). Nothing when every candidate is further away than half the
 * word.
 */
export function nearest<Candidate>(
  word: string,
  candidates: readonly Candidate[],
  namesOf: (candidate: Candidate) => readonly string[],
): Candidate | undefined {
  const begun = candidates.filter((candidate) =>
    namesOf(candidate).some((name) => isPartOf(word, name)),
  );
  if (begun.length === 1) return begun[0];
  let best: { readonly candidate: Candidate; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    for (const name of namesOf(candidate)) {
      const distance = edits(word, name);
      if (distance * 2 > Math.max(word.length, name.length)) continue;
      if (!best || distance < best.distance) best = { candidate, distance };
    }
  }
  return best?.candidate;
}

/** Two letters may begin anything, and digits are numbers of their own. */
function isPartOf(word: string, name: string): boolean {
  if (word.length < 3 || /^\d+$/.test(word)) return false;
  return name.startsWith(word) || name.split('-').some((part) => part.startsWith(word));
}

function edits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped);
    }
  }
  return at(a.length, b.length);
}
