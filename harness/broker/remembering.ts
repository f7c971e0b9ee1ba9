/**
 * For answers that tell as often as they are asked: the same question has the same answer, once in
 * memory however often it is told.
 */
export function remembering<Told>(tell: (key: string) => Told): (key: string) => Told {
  const told = new Map<string, Told>();
  return (key) => {
    if (!told.has(key)) told.set(key, tell(key));
    return told.get(key)!;
  };
}
