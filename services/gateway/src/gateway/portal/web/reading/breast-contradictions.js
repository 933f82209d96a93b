// Whether what the reader states of a breast contradicts their verdicts, or itself. Pure.

import { contradiction } from './contradiction.js';
import { withResult } from './state.js';
import { SIDES, isOf } from './stated.js';
import { targetOf } from './targets.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('./stated.js').Side} Side */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {'clear' | 'suspicious' | 'recommendation'} Code */
/** @typedef {{code: Code, side: Side, targets: Target[]}} BreastContradiction */

/**
 * @param {Record<Side, import('./stated.js').Breast>} breasts
 * @param {ViewedImage[]} images Of the current examination.
 * @param {import('./contradiction.js').VerdictOf} verdictOf
 * @returns {BreastContradiction[]} With the verdicts that speak against what was stated.
 */
export const breastContradictions = (breasts, images, verdictOf) =>
  SIDES.flatMap((side) => {
    const { bi_rads: category, recommendation } = breasts[side];
    if (category === undefined) return [];
    const own = images.filter((image) => isOf(image, side));
    const against = againstVerdicts(category, own, verdictOf);
    /** @type {BreastContradiction[]} */
    const found = against.length ? [{ code: category < 3 ? 'clear' : 'suspicious', side, targets: against }] : [];
    return recommendation && unfitting(category, recommendation) ? [...found, { code: 'recommendation', side, targets: [] }] : found;
  });

/**
 * Category 1 says that there is nothing to comment on: any confirmed finding speaks against it. Category 2 may stand beside
 * a confirmed finding that is not suspicious, category 6 beside anything: the tumour may be out already.
 * @param {number} category
 * @param {ViewedImage[]} images Of this breast.
 * @param {import('./contradiction.js').VerdictOf} verdictOf
 */
function againstVerdicts(category, images, verdictOf) {
  if (category === 1) {
    const findings = withResult(images).flatMap(({ image, result }) => result.findings.map((_, index) => targetOf(image, index)));
    return findings.filter((target) => verdictOf(target) === 'confirmed');
  }
  if (category === 2) return contradiction('no_sign_of_malignancy', images, verdictOf)?.targets ?? [];
  if (category === 4 || category === 5) return contradiction('malignancy_suspected', images, verdictOf)?.targets ?? [];
  return [];
}

/** @param {number} category @param {string} recommendation */
function unfitting(category, recommendation) {
  if (category === 1 || category === 2) return recommendation === 'biopsy' || recommendation === 'treatment';
  return category !== 3 && recommendation === 'routine_screening';
}
