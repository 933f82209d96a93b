// Formats numbers for the pages.

import { t } from './words.js';

/** @typedef {'malignancy_suspected' | 'not_sure' | 'no_sign_of_malignancy'} Assessment */
/** @typedef {{low: number, high: number}} Thresholds */

const UNITS = ['kB', 'MB', 'GB'];

/** Bytes in words: 1.4 MB. @param {number} count */
export function bytes(count) {
  if (count < 1024) return t('steps.bytes', { count });
  let value = count / 1024;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${UNITS[unit]}`;
}

/** Seconds left in words, rounded as coarsely as the estimate is. @param {number} seconds */
export function timeLeft(seconds) {
  if (seconds < 60) return t('steps.left.seconds', { count: Math.max(1, Math.round(seconds)) });
  return t('steps.left.minutes', { count: Math.round(seconds / 60) });
}

/** A share of the work as a percentage; 100% is only said when it is over. @param {number} fraction */
export const share = (fraction) => `${Math.min(99, Math.floor(fraction * 100))}%`;

/**
 * The state of a probability between the thresholds of the model that gave it, as `Thresholds.assess` of the API has it.
 * @param {number} value
 * @param {Thresholds} thresholds
 * @returns {Assessment}
 */
export const stateOf = (value, { low, high }) =>
  value >= high ? 'malignancy_suspected' : value < low ? 'no_sign_of_malignancy' : 'not_sure';

const withoutNumber = ['scale_too_coarse', 'scale_unknown', 'unlike_training'];

/**
 * The probability of a result; null if it decides nothing for its image, as `Result.shown_probability` has it.
 * @param {Pick<import('./types.d.ts').Result, 'probability_malignant' | 'notices'>} result
 */
export const shownProbability = ({ probability_malignant: value, notices }) => (notices.some(({ code }) => withoutNumber.includes(code)) ? null : value);

/**
 * A probability as a percentage that assesses like the probability itself: as many decimals as that takes.
 * @param {number} value
 * @param {Thresholds | null} thresholds
 */
export function probability(value, thresholds = null) {
  const zone = (/** @type {number} */ p) => thresholds && stateOf(p, thresholds);
  for (const decimals of [0, 1, 2]) {
    const shown = Number(value.toFixed(decimals + 2));
    const honest = (shown === 0 || shown === 1) === (value === 0 || value === 1);
    if (zone(shown) === zone(value) && honest) return `${(shown * 100).toFixed(decimals)}%`;
  }
  if (value > 0.9999) return t('steps.over', { percent: '99.99%' });
  return value < 0.0001 ? t('steps.under', { percent: '0.01%' }) : `${(value * 100).toFixed(4)}%`;
}
