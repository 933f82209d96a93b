// Where a finding of one view would lie on the other: as far from the nipple, in mm, so in a band across the film. The breast is
// compressed in another direction for each view, so that the distance along the axis to the chest wall is all that both share. Pure.

import { centreOf } from './geometry.js';
import { spacingOf, tipOf, unitOf } from './image.js';
import { anatomyOf } from './linking.js';

/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {{x1: number, x2: number}} Band In pixels of the film as it hangs. */

const MARGIN = 10; // mm, to each side: what distances from the nipple differ by between the views of a breast

/** Whether two films are the two screening views of one breast, of the current examination. @param {ViewedImage} one @param {ViewedImage} other */
const complement = (one, other) =>
  one.view !== null && other.view !== null && one.view !== other.view && one.entry.laterality === other.entry.laterality;

/**
 * @param {ViewedImage} from The film that shows the finding.
 * @param {Box} box Of the finding.
 * @param {ViewedImage} to The other film.
 * @returns {Band | null} Null where it is no other view of this breast, nipple or spacing is not known of both, or their mm are of two planes.
 */
export function bandOf(from, box, to) {
  const [here, there] = [spacingOf(from), spacingOf(to)];
  const [tip, otherTip] = [tipOf(from), tipOf(to)];
  if (!complement(from, to) || !here || !there || unitOf(from) !== unitOf(to) || !tip || !otherTip) return null;
  const deep = Math.abs(centreOf(box).x - tip.x) * here;
  const { inward } = anatomyOf(to, { x: 0, y: 0, width: 1, height: 1 });
  const [near, far] = [deep - MARGIN, deep + MARGIN].map((mm) => otherTip.x + (inward * mm) / there);
  return { x1: Math.min(near, far), x2: Math.max(near, far) };
}
