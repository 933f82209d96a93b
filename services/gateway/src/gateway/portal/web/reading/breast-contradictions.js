// Finds contradictions between the reader's entries for a breast and their verdicts, or within the entries. Pure.

import { contradiction } from './contradiction.js';
import { withResult } from './state.js';
import { SIDES, isOf } from './stated.js';
import { targetOf } from './targets.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('./stated.js').Side} Side */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../core/types.d.ts').ReaderFinding} ReaderFinding */
/** @typedef {'clear' | 'drawn' | 'suspicious' | 'recommendation'} Code */
/** @typedef {{code: Code, side: Side, targets: Target[], drawn: ReaderFinding[]}} BreastContradiction */

/** Recommendations that contradict a category; the server has the same table. @type {Record<number, string[]>} */
const UNFITTING = {
  0: ['routine_screening', 'short_follow_up', 'treatment'],
  1: ['biopsy', 'treatment'],
  2: ['biopsy', 'treatment'],
  3: ['routine_screening', 'treatment'],
  4: ['routine_screening', 'short_follow_up'],
  5: ['routine_screening', 'short_follow_up'],
  6: ['routine_screening'],
};

/**
 * @param {Record<Side, import('./stated.js').Breast>} breasts
 * @param {ViewedImage[]} images Of the current examination.
 * @param {import('./contradiction.js').VerdictOf} verdictOf
 * @param {ReaderFinding[]} drawn What readers drew.
 * @param {ReadonlyArray<Side>} cleared Breasts that show no sign of malignancy as a whole.
 * @returns {BreastContradiction[]} With the verdicts, or what was drawn, that speak against what was stated.
 */
export const breastContradictions = (breasts, images, verdictOf, drawn = [], cleared = []) =>
  SIDES.flatMap((side) => {
    const { bi_rads: category, recommendation } = breasts[side];
    if (category === undefined) return [];
    const own = images.filter((image) => isOf(image, side));
    const here = drawn.filter(({ image_id: id }) => own.some((image) => image.id === id));
    const against = againstVerdicts(category, own, verdictOf, here, cleared.includes(side));
    /** @type {BreastContradiction[]} */
    const found = against.length ? [{ code: category < 3 ? 'clear' : 'suspicious', side, targets: against, drawn: [] }] : [];
    if (category === 1 && here.length) found.push({ code: 'drawn', side, targets: [], drawn: here });
    return recommendation && UNFITTING[category]?.includes(recommendation) ? [...found, { code: 'recommendation', side, targets: [], drawn: [] }] : found;
  });

/**
 * Category 1 says that there is nothing to comment on: any finding that is confirmed or drawn speaks against it. Category 2 may
 * stand beside a confirmed finding that is not suspicious, by itself or because its breast as a whole is not, and beside what was
 * drawn, which may be a cyst; category 6 beside anything: the tumour may be out already. What was drawn supports categories 4 and 5.
 * @param {number} category
 * @param {ViewedImage[]} images Of this breast.
 * @param {import('./contradiction.js').VerdictOf} verdictOf
 * @param {ReaderFinding[]} drawn In this breast.
 * @param {boolean} cleared Whether this breast as a whole shows no sign of malignancy.
 */
function againstVerdicts(category, images, verdictOf, drawn, cleared) {
  if (category === 1) {
    const findings = withResult(images).flatMap(({ image, result }) => result.findings.map((_, index) => targetOf(image, index)));
    return findings.filter((target) => verdictOf(target) === 'confirmed');
  }
  if (category === 2) {
    const suspicious = contradiction('no_sign_of_malignancy', images, verdictOf)?.targets ?? [];
    return cleared ? suspicious.filter(({ index }) => index === null) : suspicious;
  }
  if ((category === 4 || category === 5) && !drawn.length) return contradiction('malignancy_suspected', images, verdictOf)?.targets ?? [];
  return [];
}
