// Describes the place of a finding on its film. The place is approximate, because it is relative to the box around the breast.
// One film gives neither quadrant nor clock face: CC tells outer from inner, MLO upper from lower. Pure.

import { breastOf } from '../viewer/image.js';

/** @typedef {{across: 'outer' | 'inner' | 'upper' | 'lower' | null, depth: 'anterior' | 'middle' | 'posterior'}} Place */

const CENTRAL = 0.1; // of the breast's extent, on both sides of its middle: nobody can tell the half there
/** @type {Record<string, ['outer' | 'upper', 'inner' | 'lower']>} What lies above and below on a film that hangs as usual. */
const HALVES = { CC: ['outer', 'inner'], MLO: ['upper', 'lower'] };

/**
 * @param {Pick<import('../viewer/image.js').ViewedImage, 'result' | 'entry' | 'film'>} image As it hangs: the chest wall of a right breast
 *     is at its right edge, that of a left one at its left.
 * @param {{box: import('../core/types.d.ts').Box}} finding
 * @returns {Place | null} Null where side, view or breast is not known.
 */
export function placeOf({ result, entry: { laterality, view }, film }, { box }) {
  const breast = breastOf({ result });
  const halves = HALVES[view ?? ''];
  if (!film || !breast || !laterality || !halves) return null;
  const [x, y] = [box.x + box.width / 2 - breast.x, box.y + box.height / 2 - breast.y];
  const behind = (laterality === 'R' ? breast.width - x : x) / breast.width; // from the chest wall
  const off = y / breast.height - 0.5;
  return {
    across: Math.abs(off) < CENTRAL ? null : halves[off < 0 ? 0 : 1],
    depth: behind < 1 / 3 ? 'posterior' : behind < 2 / 3 ? 'middle' : 'anterior',
  };
}
