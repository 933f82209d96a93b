// The size of a finding in words. Pure.

import { t } from '../core/words.js';

/** @typedef {import('../core/types.d.ts').Result} Result */
/** @typedef {{box: import('../core/types.d.ts').Box}} Placed */

/** Its longer side in mm, about that where the spacing holds at the detector; both sides in pixels where no spacing is known. @param {Result['image']} image @param {Placed} finding */
export function sizeInShort(image, finding) {
  const { pixel_spacing_mm: spacing, spacing_plane: plane } = image;
  const { width, height } = finding.box;
  if (!spacing) return sizeWords(image, finding);
  return `${plane === 'detector' ? '≈ ' : ''}${Math.max(width * spacing[1], height * spacing[0]).toFixed(0)} mm`;
}

/** How large a finding is: in mm where the spacing is known, else in pixels. @param {Result['image']} image @param {Placed} finding */
export function sizeWords({ pixel_spacing_mm: spacing, spacing_plane: plane }, { box: { width, height } }) {
  if (!spacing) return t('reading.finding.size.pixels', { width: Math.round(width), height: Math.round(height) });
  const size = { width: (width * spacing[1]).toFixed(0), height: (height * spacing[0]).toFixed(0) };
  return t(plane === 'detector' ? 'reading.finding.size.detector' : 'findings.millimetres', size);
}
