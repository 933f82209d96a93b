// Puts the joint reading of a breast's films into words, next to the reader's entries for it.

import { listItems, write } from '../core/dom.js';
import { t } from '../core/words.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./stated.js').Side} Side */

/**
 * The suggested density, and the sentences about the breast, folded; both are hidden until its films are read together.
 * @param {Side} side
 */
export function createBreastWords(side) {
  const density = document.createElement('p');
  Object.assign(density, { className: 'hint', hidden: true });
  density.dataset.role = 'density';
  const said = document.createElement('details');
  Object.assign(said, { className: 'why', hidden: true });
  const [summary, sentences] = [document.createElement('summary'), document.createElement('ul')];
  summary.textContent = t('reading.breast.said');
  said.append(summary, sentences);
  let shown = '';

  return {
    density,
    said,

    /** @param {Pick<Reading, 'together'>} state */
    show({ together }) {
      const breast = together?.breasts.find(({ laterality }) => laterality === side);
      write(density, breast?.density ? t('reading.breast.density', { letter: breast.density }) : '');
      density.hidden = !breast?.density;
      const text = breast?.text ?? [];
      said.hidden = text.length === 0;
      if (shown === (shown = text.join('\n'))) return;
      sentences.replaceChildren(...listItems(text));
    },
  };
}
