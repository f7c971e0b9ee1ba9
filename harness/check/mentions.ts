/** Whether a text speaks of a command. */

/** As a word of its own: `p1` is not in `p10`. */
export function mentions(text: string, id: string): boolean {
  let at = text.indexOf(id);
  while (at !== -1) {
    const before = text[at - 1] ?? ' ';
    const after = text[at + id.length] ?? ' ';
    if (!/[\p{L}\p{N}_-]/u.test(before) && !/[\p{L}\p{N}_]/u.test(after)) return true;
    at = text.indexOf(id, at + 1);
  }
  return false;
}
