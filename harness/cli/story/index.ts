/** Reports and troubles as text. Pure: nothing here runs, reads or prints anything. */
export { renderReport, type RenderOptions } from './render.ts';
export {
  renderDoesNotLoad,
  renderTrouble,
  renderUncontrolled,
  renderUsage,
  type TroubleOptions,
} from './trouble.ts';
export { chapterNumber, number, plural } from './words.ts';
export { truncate, width } from './width.ts';
