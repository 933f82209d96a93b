// The standard views that a case lacks, as chips beside its name instead of empty panes.

import { copy, role } from '../core/dom.js';
import { t } from '../core/words.js';
import { missingViews } from './hanging.js';

/** @param {HTMLElement} place */
export const showMissing = (place) => (/** @type {{images: import('./image.js').ViewedImage[]}} */ { images }) => {
  const views = missingViews(images);
  if (place.dataset.views === views.join()) return; // a link that has the focus keeps it
  place.dataset.views = views.join();
  place.hidden = views.length === 0;
  place.replaceChildren(
    ...views.map((view) => {
      const chip = copy('missing-view');
      role(chip, 'view').textContent = t('reading.missing', { view });
      return chip;
    }),
  );
};
