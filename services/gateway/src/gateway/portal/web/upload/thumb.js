// The small picture on the card of a chosen file, or words in its place.

import { icon, role } from '../core/dom.js';
import { t } from '../core/words.js';

/** Show a picture of a file. @param {Element} card @param {HTMLCanvasElement} picture @param {string} name */
export function showThumb(card, picture, name) {
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', t('newcase.preview', { name }));
  role(card, 'thumb').replaceChildren(picture);
}

/** Say why there is none. @param {Element} card @param {string} words */
export function showNoThumb(card, words, symbol = 'image') {
  const text = document.createElement('span');
  text.textContent = words;
  role(card, 'thumb').replaceChildren(icon(symbol), text);
}
