/** Ids of commands, and where they stand: alone, or as a text in JSON. */
export class CommandIds {
  readonly #known = new Set<string>();

  add(id: string): void {
    this.#known.add(id);
  }

  /** Each once, in the order in which they are named. */
  among(values: readonly (string | null)[]): string[] {
    const found = values.flatMap((value) => {
      if (value === null) return [];
      if (this.#known.has(value)) return value;
      return /^\s*[{["]/.test(value) ? textsIn(value).filter((text) => this.#known.has(text)) : [];
    });
    return [...new Set(found)];
  }
}

function textsIn(json: string): string[] {
  const texts: string[] = [];
  try {
    JSON.parse(json, (_key, value: unknown) => {
      if (typeof value === 'string') texts.push(value);
      return value;
    });
  } catch {
    return []; // it only looked like JSON
  }
  return texts;
}
