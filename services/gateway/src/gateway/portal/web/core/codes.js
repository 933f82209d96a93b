// Turns codes of the API and of pipelines into sentences. No other module looks a code up.

import { shownView } from './modalities.js';
import { probability } from './numbers.js';
import { dayWords } from './times.js';
import { has, sentences, t } from './words.js';

/** @typedef {{code?: string, detail?: string}} Coded */

// Advice of a pipeline on one image; the case and the report give the next steps of their own.
const ADVICE = ['further_imaging_suggested', 'histopathology_suggested'];

/** The sentence of a problem in the page's language; the API's own text if the code is unknown. @param {Coded} problem */
export const problemWords = ({ code, detail }) => (has(`errors.${code}`) ? t(`errors.${code}`) : detail || t('errors.unknown'));

/** @typedef {{code: string, detail: string, values?: Record<string, string>}} Notice */

/** The sentence of a notice; its own English text if the code is unknown or a value is missing. @param {Notice} notice */
function noticeWords({ code, detail, values = {} }) {
  if (!has(`notice.${code}`)) return detail;
  const named = Object.entries(values).map(([name, value]) => [name, name.endsWith('side') ? t(`examined.laterality.${value}`) : value]);
  const said = t(`notice.${code}`, Object.fromEntries(named));
  return /\{\w+\}/.test(said) ? detail : said;
}

/** The sentences of an image's notices, without advice. @param {Notice[]} notices */
export const noticesWords = (notices) => notices.filter(({ code }) => !ADVICE.includes(code)).map(noticeWords);

/** @type {Record<string, string[]> | undefined} Codes of notices by what of a film they doubt, as the page has them. */
let doubts;

/** What has to be checked on a film before anything else, such as its side. @param {Notice[]} notices */
export function doubtsOf(notices) {
  doubts ??= /** @type {Record<string, string[]>} */ (JSON.parse(globalThis.document?.querySelector('[data-doubts]')?.getAttribute('data-doubts') ?? '{}'));
  return Object.entries(doubts).flatMap(([what, codes]) => (notices.some(({ code }) => codes.includes(code)) ? [what] : []));
}

/** The sentences of the notices that give the reasons of these doubts. @param {Notice[]} notices */
export const doubtWords = (notices) => noticesWords(notices.filter((notice) => doubtsOf([notice]).length));

/** What the tissue network found in a field, as sentences. @param {Pick<import('./types.d.ts').Result, 'tissue' | 'heat_map'>} result */
export function tissueWords({ tissue, heat_map: map }) {
  if (!tissue) return [];
  const values = { percent: probability(tissue.probability_tumour), share: probability(tissue.tumour_share), mark: probability(tissue.marked_from) };
  return [t('examined.tumour.said', { value: t(map?.kind === 'tumour' ? 'examined.tumour.value' : 'examined.tumour.likeliest', values) })];
}

/**
 * The conflicts between an image's description and its file, as sentences; the description is used.
 * @param {{of: string, said: string, file: string}[]} conflicts
 */
export const conflictWords = (conflicts) =>
  sentences(conflicts.map(({ of, said, file }) => t(`common.conflict.${of}`, { said: spoken(of, said), file: spoken(of, file) })));

/** A value of an attribute of an image, in words. @param {string} of @param {string} value */
export function spoken(of, value) {
  if (of === 'study_date') return dayWords(value);
  return of === 'laterality' ? t(`examined.laterality.${value}`) : shownView(value);
}

/**
 * The sentence of an activity in the page's language; the API's own text if the code is unknown.
 * @param {{activity?: string | null, activity_code?: string | null, activity_values?: import('./words.js').Values}} step
 */
export const activityWords = ({ activity, activity_code: code, activity_values: values }) =>
  code && has(`activity.${code}`) ? t(`activity.${code}`, values) : activity || '';
