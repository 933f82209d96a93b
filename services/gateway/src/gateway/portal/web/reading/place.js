// Describes how deep a finding lies on its film, relative to the box around the breast. Which half of the breast it lies in is left to the
// joint reading, which measures from the nipple. Pure.

import { breastOf } from '../viewer/image.js';

// As `ORIENTATION_IN_DOUBT` of the worker: where the chest wall is on such a film, or of which breast it is, is not sure.
const IN_DOUBT = ['hung_by_chest_wall', 'chest_wall_against_laterality', 'orientation_unknown', 'laterality_conflict'];

/**
 * @param {Pick<import('../viewer/image.js').ViewedImage, 'result' | 'entry' | 'film'>} image As it hangs: the chest wall of a right breast
 *     is at its right edge, that of a left one at its left.
 * @param {{box: import('../core/types.d.ts').Box}} finding
 * @returns {'anterior' | 'middle' | 'posterior' | null} Null where side, screening view or breast is not known or in doubt.
 */
export function depthOf({ result, entry: { laterality, view }, film }, { box }) {
  const breast = breastOf({ result });
  if (!film || !breast || !laterality || (view !== 'CC' && view !== 'MLO')) return null;
  if (result?.notices?.some(({ code }) => IN_DOUBT.includes(code))) return null;
  const x = box.x + box.width / 2 - breast.x;
  const behind = (laterality === 'R' ? breast.width - x : x) / breast.width; // from the chest wall
  return behind < 1 / 3 ? 'posterior' : behind < 2 / 3 ? 'middle' : 'anterior';
}
