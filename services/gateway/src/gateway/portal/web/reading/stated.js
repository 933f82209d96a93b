// The reader's entries for each breast: BI-RADS category, density and recommendation. Pure.

import { judged } from './state.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../core/types.d.ts').BreastConclusion} BreastConclusion */
/** @typedef {'R' | 'L'} Side */
/** @typedef {{bi_rads?: BreastConclusion['bi_rads'], density?: BreastConclusion['density'], recommendation?: BreastConclusion['recommendation']}} Breast */
/** @typedef {keyof Breast} Field */

/** @type {Side[]} Right before left, as films hang. */
export const SIDES = ['R', 'L'];

/** @type {{bi_rads: readonly number[], density: readonly string[], recommendation: readonly string[]}} */
export const CHOICES = {
  bi_rads: [0, 1, 2, 3, 4, 5, 6],
  density: ['a', 'b', 'c', 'd'],
  recommendation: ['routine_screening', 'short_follow_up', 'further_imaging', 'biopsy', 'treatment'],
};
export const FIELDS = /** @type {Field[]} */ (Object.keys(CHOICES));

/** Whether an image is a film of a breast whose side is known. @param {import('../viewer/image.js').ViewedImage} image @param {Side} side */
export const isOf = ({ film, entry }, side) => film && entry.laterality === side;

/** The breasts of which the current examination has a film. @param {Reading} state */
export const examined = (state) => SIDES.filter((side) => judged(state).some((image) => isOf(image, side)));

/** Whether the case has other images than films of known sides, so that it needs a conclusion as a whole, too. @param {Reading} state */
export const asksForWhole = (state) => {
  const sides = examined(state);
  return !sides.length || judged(state).some((image) => !sides.some((side) => isOf(image, side)));
};

/** The breasts with a missing entry. @param {Reading} state */
export const unstated = (state) => examined(state).filter((side) => FIELDS.some((field) => state.breasts[side][field] === undefined));

/** The entries as the API takes them; null if there is no breast or one has no category. @param {Reading} state */
export function sentBreasts(state) {
  const sides = examined(state);
  if (!sides.length || sides.some((side) => state.breasts[side].bi_rads === undefined)) return null;
  const of = (/** @type {Side} */ side) => (sides.includes(side) ? /** @type {BreastConclusion} */ (state.breasts[side]) : null);
  return { right: of('R'), left: of('L') };
}
