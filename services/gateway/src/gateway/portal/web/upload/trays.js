// Sorts the cards of files into lists: films, other images, and files that cannot be sent.

import { all, role, write } from '../core/dom.js';
import { isFilm } from './hanging.js';

/** @typedef {import('./state.js').Entry} Entry */

/** @param {Entry} entry */
function listOf(entry) {
  if (entry.stage === 'refused') return 'rejected';
  return isFilm(entry) || entry.stage === 'examining' ? 'entries' : 'others';
}

/**
 * Put each card into its list; the focus stays where it is.
 * @param {HTMLElement} form
 * @param {Map<number, HTMLElement>} cards
 * @param {import('./state.js').Intake} state
 */
export function placeCards(form, cards, { entries }) {
  for (const entry of entries) {
    const [card, list] = [cards.get(entry.id), role(form, listOf(entry))];
    if (!card || card.parentElement === list) continue;
    const focused = card.contains(document.activeElement) ? document.activeElement : null;
    list.append(card);
    if (focused instanceof HTMLElement) focused.focus();
  }
  for (const tray of all(form, '[data-tray]')) {
    const count = role(form, tray.dataset.tray ?? '').childElementCount;
    tray.hidden = count === 0;
    write(role(tray, 'count'), String(count));
  }
}
