// Probabilities as words.

import { probability, stateOf } from '../core/numbers.js';
import { t } from '../core/words.js';

/** @type {[number, string][]} */
const WORDS = [
  [0.9, 'very_likely'],
  [0.66, 'likely'],
  [0.33, 'even'],
  [0.1, 'unlikely'],
  [0, 'very_unlikely'],
];

/** A probability in words: the bands of the IPCC's calibrated language (Mastrandrea et al. 2010), as in the report. */
export function inWords(/** @type {number} */ value) {
  const [, name] = WORDS.find(([bound]) => value >= bound) ?? WORDS[WORDS.length - 1];
  return t(`reading.certainty.${name}`);
}

/** @typedef {Pick<import('../core/types.d.ts').Result, 'assessment' | 'thresholds'>} Judged */
/** @typedef {import('../core/types.d.ts').ReadingTogether | null} Together */

/**
 * Whether a case's number is that of a breast with a film of a kind on which the model was not evaluated, so that it decides nothing.
 * @param {number} value
 * @param {Together} together
 */
const isDoubted = (value, together) =>
  (together?.breasts ?? []).some(
    ({ assessment, probability_malignant: number, reasons }) =>
      assessment === 'not_sure' && number === value && reasons?.some(({ code }) => code === 'not_evaluated'),
  );

/**
 * A number in words, or that it does not decide: it lies beyond the thresholds of its image, whose notice says why, or is that of such a breast.
 * @param {number} value
 * @param {Judged | null} [image] Whose number it is.
 * @param {Together} [together] What the films of its case say together.
 */
export const certaintyOf = (value, image, together = null) =>
  !isDoubted(value, together) && (!image || image.assessment === stateOf(value, image.thresholds)) ? inWords(value) : t('reading.certainty.doubted');

/**
 * How likely malignancy is, in words, or that there is no number.
 * @param {number | null | undefined} value
 * @param {Judged | null} [image] Whose number it is.
 * @param {Together} [together] What the films of its case say together.
 */
export const malignancyWords = (value, image, together) =>
  value == null ? t('reading.finding.unknown') : t('reading.suspicion', { words: certaintyOf(value, image, together) });

/**
 * The headline of a finding, the same in list and picture: its suspicion on the film's scale, which determines its
 * colour by the film's thresholds. Without a suspicion, it is only the finding's number.
 * @param {{thresholds: import('../core/numbers.js').Thresholds}} result
 * @param {{probability_malignant?: number | null}} finding
 * @param {number | null} [place] Its number; null for one without.
 * @returns {{state: import('../viewer/palette.js').SuspicionState, percent: string, tag: {short: string, long: string}}}
 */
export function headlineOf({ thresholds }, { probability_malignant: suspicion }, place = 1) {
  const number = `${place ?? '–'}`;
  if (suspicion == null) return { state: 'unknown', percent: '', tag: { short: number, long: number } };
  const percent = probability(suspicion, thresholds);
  const tag = place === null ? { short: percent, long: percent } : { short: number, long: `${number} · ${percent}` };
  return { state: stateOf(suspicion, thresholds), percent, tag };
}
