// How findings have changed since earlier films of the same breast and view. Pure functions.

import { spacingOf } from '../viewer/image.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').Finding} Finding */

const SAME_PLACE_MM = 15;
/** @typedef {{image: ViewedImage, index: number, now: number, before: number | null, day: string}} Change Sizes in mm;
 *     `before` is null where the earlier film has no mark there. */

/** The longer side of a finding in mm. @param {ViewedImage} image @param {Finding} finding */
const sizeOf = (image, { box }) => Math.max(box.width, box.height) * (spacingOf(image) ?? 0);

/** Where a finding lies, in mm from the tip of the breast. @param {ViewedImage} image @param {Finding} finding */
function placeOf(image, { box }) {
  const { tip } = image;
  const spacing = spacingOf(image);
  if (!tip || spacing === null) return null;
  return { x: (box.x + box.width / 2 - tip.x) * spacing, y: (box.y + box.height / 2 - tip.y) * spacing };
}

/**
 * Each marked finding of today with the nearest mark of the newest earlier film of its view, where both films have a
 * spacing and a tip.
 * @param {ViewedImage[]} images
 * @returns {Change[]}
 */
export function changesOf(images) {
  const earlier = images.filter(({ prior, result }) => prior && result);
  return images.flatMap((image) => {
    const { result, prior, view, entry } = image;
    if (prior || !result || !view) return [];
    const before = earlier.find((other) => other.entry.laterality === entry.laterality && other.entry.view === entry.view);
    if (!before) return [];
    return result.findings.flatMap((finding, index) => {
      const place = placeOf(image, finding);
      if (finding.probability < result.thresholds.finding || !place || !before.tip || spacingOf(before) === null) return [];
      const found = nearest(before, place);
      return [{ image, index, now: sizeOf(image, finding), before: found ? sizeOf(before, found) : null, day: before.entry.examination ?? '' }];
    });
  });
}

/** @param {ViewedImage} image @param {{x: number, y: number}} at */
function nearest(image, at) {
  let [best, least] = [/** @type {Finding | null} */ (null), SAME_PLACE_MM];
  for (const finding of image.result?.findings ?? []) {
    const place = placeOf(image, finding);
    const distance = place ? Math.hypot(place.x - at.x, place.y - at.y) : Infinity;
    if (distance < least) [best, least] = [finding, distance];
  }
  return best;
}
