// The scale bar.

import { find, write } from '../core/dom.js';
import { t } from '../core/words.js';

const LENGTHS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]; // mm or µm
const LONGEST = 110; // CSS pixels

/** The longest round length that a bar shows. @param {number} perUnit CSS pixels. */
export const lengthFor = (perUnit) => LENGTHS.findLast((length) => length * perUnit <= LONGEST) ?? LENGTHS[0];

/**
 * Show the scale bar of a pane; while a hand zooms, it is away.
 * @param {HTMLElement} root A pane.
 * @param {ReturnType<typeof import('./image.js').lengthsOf>} lengths
 * @param {number} scale CSS pixels for a pixel.
 * @param {boolean} moving Whether a hand moves the film.
 */
export function showScale(root, { spacing: size, unit }, scale, moving) {
  const spacing = size?.[1];
  const bar = find(root, '.scale');
  const zooming = moving && bar.dataset.scale !== String(scale);
  root.toggleAttribute('data-zooming', zooming);
  if (zooming) return;
  bar.dataset.scale = String(scale);
  bar.hidden = !spacing || !scale;
  if (!spacing || !scale) return;
  const length = lengthFor(scale / spacing);
  bar.dataset.unit = unit;
  bar.style.width = `${Math.round((length * scale) / spacing)}px`;
  write(bar, t(`tools.length.${unit}`, { length: String(length) }));
}
