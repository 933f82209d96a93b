// Links panes: transfers zoom and the distance of the centre from the nipple from one pane to the others. Pure.

import { tipOf } from './image.js';

/** @typedef {import('./geometry.js').Point} Point */
/**
 * How the images of linked panes compare.
 * @typedef {object} Anatomy
 * @property {Point} origin The nipple, as far as the film's outline tells it; in pixels of the image.
 * @property {1 | -1} inward The direction across the image from the nipple to the chest wall.
 * @property {number | null} spacing mm for a pixel; null where it is not known.
 * @property {number} extent Pixels: how tall the breast is.
 */

/**
 * The place in another image that shows the same anatomy: as far from the nipple, towards the chest wall and down, in mm where
 * both spacings are known, else in shares of what is seen of the breast.
 * @param {Point} point
 * @param {Anatomy} here
 * @param {Anatomy} there
 * @returns {Point}
 */
export function samePlace(point, here, there) {
  const inMm = here.spacing && there.spacing ? here.spacing / there.spacing : null;
  const ratio = inMm ?? there.extent / here.extent;
  return {
    x: there.origin.x + (point.x - here.origin.x) * here.inward * there.inward * ratio,
    y: there.origin.y + (point.y - here.origin.y) * ratio,
  };
}

/**
 * @param {import('./image.js').ViewedImage} image
 * @param {import('./geometry.js').Box} part
 * @returns {Anatomy}
 */
export function anatomyOf({ entry, result }, part) {
  const inward = entry.laterality === 'L' ? -1 : 1;
  const edge = { x: inward === 1 ? part.x : part.x + part.width, y: part.y + part.height / 2 };
  return { origin: tipOf({ entry, result }) ?? edge, inward, spacing: result?.image.pixel_spacing_mm?.[1] ?? null, extent: part.height };
}
