/** Which names a topic may have, and why not, as Kafka says it. */
const longest = 249;

export function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed';
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`;
  if (name.length > longest) {
    return (
      `Topic name is invalid: the length of '${name}' is longer ` +
      `than the max allowed length ${longest}`
    );
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return (
      `Topic name is invalid: '${name}' contains one or more characters ` +
      "other than ASCII alphanumerics, '.', '_' and '-'"
    );
  }
  return undefined;
}

/** `a.b` and `a_b` would share the name of a metric. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}
