// The target of a verdict or comment: a finding, or an image as a whole. Only this module knows how results and reviews
// identify a finding.

import { list, t } from '../core/words.js';
import { numberOf } from './numbering.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').Finding} Finding */
/** @typedef {import('../core/types.d.ts').Review} Review */
/**
 * @typedef {object} Target
 * @property {string} imageId
 * @property {string} jobId
 * @property {number | null} index Place in the result; null for an image as a whole.
 * @property {string} findingId How the API names it.
 */

/** @param {ViewedImage} image @param {number | null} index @returns {Target} */
export const targetOf = ({ id, jobId, result }, index = null) => ({ imageId: id, jobId, index, findingId: index === null ? 'image' : result?.findings[index]?.id ?? '' });

/** A target as a key of an object. @param {Target} target */
export const keyOf = ({ jobId, index }) => `${jobId} ${index}`;

/** Whether a key is of a target in an analysis. @param {string} key @param {string} jobId */
export const isOfJob = (key, jobId) => key.startsWith(`${jobId} `);

/** @param {Target | null} one @param {Target | null} other */
export const sameTarget = (one, other) => one !== null && other !== null && keyOf(one) === keyOf(other);

/**
 * The target of a review or of a change of one; null where its analysis is not the newest of an image. Its result need not be loaded yet.
 * @param {ViewedImage[]} images
 * @param {Pick<import('../core/types.d.ts').OneChange, 'job_id' | 'finding' | 'finding_id'>} change
 * @returns {Target | null}
 */
export function targetAt(images, { job_id: jobId, finding, finding_id: findingId }) {
  const image = images.find((other) => other.jobId === jobId);
  return image ? { ...targetOf(image, finding === 'image' ? null : Number(finding)), findingId } : null;
}

/** The image of a target, if the reader saw its newest analysis; another one has other findings. */
export const imageOf = (/** @type {ViewedImage[]} */ images, /** @type {Target | null} */ target) =>
  images.find(({ id, jobId }) => id === target?.imageId && jobId === target.jobId) ?? null;

/** The finding of a target; null for an image as a whole. @param {ViewedImage[]} images @param {Target} target */
export function findingOf(images, target) {
  const result = imageOf(images, target)?.result;
  return target.index === null || !result ? null : result.findings[target.index];
}

/** All targets of an image: itself, then its findings in the order of the result. @param {ViewedImage} image */
export const targetsOf = (image) =>
  image.result ? [targetOf(image), ...image.result.findings.map((_, index) => targetOf(image, index))] : [];

/** The name of a target in messages about verdicts. @param {import('./numbering.js').Read} state @param {Target} target @returns {string} */
export const nameOf = (state, target) => nameOfMarks(state, [target]);

/** The common name of the marks of a lesion. @param {import('./numbering.js').Read} state @param {Target[]} marks @returns {string} */
export function nameOfMarks(state, marks) {
  const numbers = new Set(marks.map((mark) => numberOf(state, mark)));
  if (numbers.size > 1) return list(marks.map((mark) => nameOf(state, mark)));
  const image = list(marks.map(({ imageId }) => state.images.find(({ id }) => id === imageId)?.name ?? ''));
  if (marks[0].index === null) return t('reading.image.whole', { image });
  const [number] = numbers;
  return number === null ? t('findings.unnumbered', { image }) : t('reading.finding.full', { image, number });
}

/** The review of a target as the case shows it, or null. @param {Review[]} reviews @param {Target} target */
export const reviewOf = (reviews, target) =>
  reviews.find(({ job_id: job, finding_id: finding }) => job === target.jobId && finding === target.findingId) ?? null;
