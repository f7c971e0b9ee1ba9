/**
 * What a terminal shows in two columns. A font may give it one, or one and a half, and a table would
 * lean; so pages put these into a box of two. Used on the server and in the browser.
 */
const emoji = String.raw`\p{Emoji_Presentation}\p{Emoji_Modifier}?|.\uFE0F`;
const eastAsian = String.raw`[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]`;
const wide = new RegExp(`(${emoji}|${eastAsian})`, 'u');

/** The class of such a box. */
export const wideCell = 'two';

/** Parts of a text in their order: at odd places the wide ones. */
export function splitWide(text: string): readonly string[] {
  return text.split(wide);
}
