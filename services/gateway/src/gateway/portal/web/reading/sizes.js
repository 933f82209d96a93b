// The size of a finding in words. Pure.

import { t } from '../core/words.js';
import { lengthsOf } from '../viewer/image.js';

/** @typedef {import('../core/types.d.ts').Result} Result */
/** @typedef {{box: import('../core/types.d.ts').Box}} Placed */

/** The longer side of a finding: in mm if the spacing is known, marked as approximate unless it is valid in the breast; else in pixels. @param {Result['image']} image @param {Placed} finding */
export function sizeInShort(image, finding) {
  const { pixel_spacing_mm: spacing, spacing_plane: plane } = image;
  const { width, height } = finding.box;
  if (!spacing) return `${Math.round(Math.max(width, height))} px`;
  return `${plane === 'patient' ? '' : '≈ '}${Math.round(Math.max(width * spacing[1], height * spacing[0]))} mm`;
}

/** The same of what lies on an image that may be a field: in µm where its scale is known. @param {import('../viewer/image.js').ViewedImage} image @param {Placed} finding */
export function sizeOn(image, finding) {
  const { spacing, unit } = lengthsOf(image);
  if (!image.result || !spacing || (unit !== 'um' && unit !== 'nominal')) return image.result ? sizeWords(image.result.image, finding) : '';
  const { width, height } = finding.box;
  return t(`reading.finding.size.${unit}`, { width: Math.round(width * spacing[1]), height: Math.round(height * spacing[0]) });
}

/** How far a finding is from the nipple, in words; empty where that is not known. @param {Result['image']} image @param {number | null | undefined} mm */
export function fromNipple({ spacing_plane: plane }, mm) {
  if (mm == null) return '';
  return t(plane === 'patient' ? 'findings.from_nipple' : `findings.from_nipple.${plane ?? 'unknown'}`, { mm: Math.round(mm) });
}

/** How large a finding is: in mm where the spacing is known, else in pixels. @param {Result['image']} image @param {Placed} finding */
export function sizeWords({ pixel_spacing_mm: spacing, spacing_plane: plane }, { box: { width, height } }) {
  if (!spacing) return t('reading.finding.size.pixels', { width: Math.round(width), height: Math.round(height) });
  const size = { width: Math.round(width * spacing[1]), height: Math.round(height * spacing[0]) };
  return plane === 'patient' ? t('findings.millimetres', size) : t(`reading.finding.size.${plane ?? 'unknown'}`, size);
}
