// Numbers findings: a lesion of the examination has one number on all its films, as in the report. Pure.

import { todayOf } from './changes.js';

/** @typedef {Pick<import('./state.js').Reading, 'images' | 'together'> & {earlier?: import('./state.js').Reading['earlier']}} Read */
/** @typedef {import('./targets.js').Target} Target */

/** @type {WeakMap<Read['images'], {together: Read['together'], numbers: Map<string, number>}>} The last numbers of some images. */
const known = new WeakMap();

/** The marks of a lesion, on earlier films too. @param {import('../core/types.d.ts').Lesion} lesion */
const marksOf = ({ marks, earlier_marks: before = [], change }) => [...marks, ...before, ...(change?.prior ? [change.prior] : [])];

const keyOf = (/** @type {string} */ job, /** @type {string} */ finding) => `${job} ${finding}`;

/**
 * The number of every finding, by its analysis and id: first lesions of both breasts, by suspicion; then marked
 * findings that are no lesion, such as those of special views, film by film; then weak ones, the most probable first. On an earlier film a mark has the number of the lesion that
 * was compared with it; on a film in another case, which the joint reading does not see, that of the finding at its position. Others have none.
 * @param {Read} state
 */
function numbersOf({ images, together, earlier = [] }) {
  const last = known.get(images);
  if (last && last.together === together) return last.numbers;
  const lesions = together?.breasts.flatMap(({ lesions }) => lesions ?? []) ?? [];
  const ranked = [...lesions].sort((one, other) => other.probability_malignant - one.probability_malignant);
  /** @type {Map<string, number>} */
  const numbers = new Map();
  const named = ranked.flatMap((lesion, index) => marksOf(lesion).map(({ job_id: job, finding_id: id }) => /** @type {const} */ ([keyOf(job, id), index + 1])));
  for (const [key, number] of named.reverse()) numbers.set(key, number); // of two lesions that a mark was matched with, the first
  for (const image of images) if (earlier.some(({ id }) => id === image.id)) numberByPlace(image, images, numbers);
  const others = images.filter(({ prior }) => !prior).flatMap(({ jobId, result }) => rest(jobId, result).filter(({ key }) => !numbers.has(key)));
  for (const [index, { key }] of others.sort((one, other) => other.weight - one.weight).entries()) numbers.set(key, ranked.length + index + 1);
  known.set(images, { together, numbers });
  return numbers;
}

/** The findings of a film with their places among others: marked ones come before weak ones. @param {string} jobId @param {import('../viewer/image.js').ViewedImage['result']} result */
const rest = (jobId, result) =>
  (result?.findings ?? []).map(({ id, probability }) => ({ key: keyOf(jobId, id ?? ''), weight: probability >= (result?.thresholds.finding ?? 0) ? 2 : probability }));

/**
 * Give marks of an earlier film the numbers of the lesions at their positions.
 * @param {import('../viewer/image.js').ViewedImage} before
 * @param {Read['images']} images
 * @param {Map<string, number>} numbers
 */
function numberByPlace(before, images, numbers) {
  for (const { mark, jobId, id } of todayOf(images, before)) {
    const number = numbers.get(keyOf(jobId, id ?? ''));
    if (number) numbers.set(keyOf(before.jobId, mark ?? ''), number);
  }
}

/**
 * The number of a finding; its place on its own film where the films were not read together. Null for a mark of an earlier film that
 * has none: a number says which finding of the list it is.
 * @param {Read} state
 * @param {Target} target
 */
export function numberOf(state, { imageId, jobId, findingId, index }) {
  const number = state.together ? numbersOf(state).get(keyOf(jobId, findingId)) : null;
  return number ?? (state.images.find(({ id }) => id === imageId)?.prior ? null : (index ?? 0) + 1);
}
