// Whether the conclusion to be signed contradicts the verdicts on the findings. Pure functions.

import { isCalcification } from '../core/kinds.js';
import { withResult } from './state.js';
import { targetOf, targetsOf } from './targets.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../core/types.d.ts').Result} Result */
/** @typedef {import('../core/types.d.ts').Verdict} Verdict */
/** @typedef {(target: Target) => Verdict | null} VerdictOf */
/** @typedef {{code: 'clear_but_confirmed' | 'suspected_but_dismissed', targets: Target[]}} Contradiction */

/**
 * @param {string} conclusion What would be signed.
 * @param {ViewedImage[]} images Of the case; those without a result say nothing.
 * @param {VerdictOf} verdictOf
 * @param {boolean} drawn Whether a reader drew a finding: it supports a suspicion.
 * @returns {Contradiction | null} With the verdicts that speak against the conclusion.
 */
export function contradiction(conclusion, images, verdictOf, drawn = false) {
  const read = withResult(images);
  if (conclusion === 'no_sign_of_malignancy') {
    const targets = read.flatMap(({ image, result }) => suspicious(image, result)).filter((target) => verdictOf(target) === 'confirmed');
    return targets.length ? { code: 'clear_but_confirmed', targets } : null;
  }
  if (conclusion === 'malignancy_suspected') {
    const targets = read.flatMap(({ image }) => targetsOf(image)).filter((target) => verdictOf(target) === 'dismissed');
    const supported = drawn || read.some(({ image, result }) => supports(image, result, verdictOf));
    return targets.length && !supported ? { code: 'suspected_but_dismissed', targets } : null;
  }
  return null;
}

/** BI-RADS categories by what they mean for the case, the most suspicious first. */
const MEANINGS = /** @type {const} */ ([['malignancy_suspected', [4, 5, 6]], ['not_sure', [0, 3]], ['no_sign_of_malignancy', [1, 2]]]);

/**
 * Whether a conclusion about the case is less suspicious than the entries for a breast.
 * @param {string} conclusion
 * @param {import('../core/types.d.ts').BreastConclusions | null} breasts
 */
export function isMilder(conclusion, breasts) {
  const rank = (/** @type {number} */ category) => MEANINGS.findIndex(([, categories]) => categories.some((one) => one === category));
  const stated = [breasts?.right, breasts?.left].flatMap((breast) => (breast ? [rank(breast.bi_rads)] : []));
  return conclusion !== '' && Math.min(...stated, MEANINGS.length) < MEANINGS.findIndex(([name]) => name === conclusion);
}

/** The findings, and the image as a whole, that are suspicious or unsure by the image's thresholds. @param {ViewedImage} image @param {Result} result */
function suspicious(image, { assessment, thresholds, findings, probability_malignant: whole }) {
  return targetsOf(image).filter(({ index }) => {
    if (index === null) return assessment !== 'no_sign_of_malignancy';
    const own = findings[index];
    return (own.probability_malignant ?? (isCalcification(own) ? 0 : whole)) >= thresholds.low; // as its image, where its own was not measured
  });
}

/** Whether an image still supports malignancy, by its verdicts and by its suspicious targets without one. */
function supports(/** @type {ViewedImage} */ image, /** @type {Result} */ { assessment, findings, thresholds }, /** @type {VerdictOf} */ verdictOf) {
  const verdicts = findings.map((_, index) => verdictOf(targetOf(image, index)));
  const whole = verdictOf(targetOf(image));
  if (verdicts.includes('confirmed')) return true;
  if (whole === 'confirmed') return assessment !== 'no_sign_of_malignancy';
  if (whole === 'dismissed') return false;
  const marked = findings.filter(({ probability }) => probability >= thresholds.finding);
  if (marked.some((finding) => !verdicts[findings.indexOf(finding)])) return true;
  if (!marked.every(isCalcification)) return false;
  return assessment !== 'no_sign_of_malignancy';
}
