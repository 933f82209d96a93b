// Numbers findings: a lesion of the examination has one number on all its films, as in the report. Pure.

import { todayOf } from './changes.js';

/** @typedef {Pick<import('./state.js').Reading, 'images' | 'together'>} Read */
/** @typedef {import('./targets.js').Target} Target */

/** @type {WeakMap<Read['images'], {together: Read['together'], numbers: Map<string, number>}>} The last numbers of some images. */
const known = new WeakMap();

/** The marks of a lesion, and the earlier one that it was compared with. @param {import('../core/types.d.ts').Lesion} lesion */
const marksOf = ({ marks, change }) => [...marks, ...(change?.prior ? [change.prior] : [])];

const NOT_THERE = ['new', 'not_comparable'];

const keyOf = (/** @type {string} */ job, /** @type {string} */ finding) => `${job} ${finding}`;

/**
 * The number of every finding, by its analysis and id: the most suspicious lesion first, whatever breast shows it; then what is
 * no lesion, because it is below the working threshold, film by film. On an earlier film a mark has the number of the lesion that
 * was compared with it, else of the finding at its place; any other has a number that no current finding has.
 * @param {Read} state
 */
function numbersOf({ images, together }) {
  const last = known.get(images);
  if (last && last.together === together) return last.numbers;
  const lesions = together?.breasts.flatMap(({ lesions }) => lesions ?? []) ?? [];
  const ranked = [...lesions].sort((one, other) => other.probability_malignant - one.probability_malignant);
  /** @type {Map<string, number>} */
  const numbers = new Map();
  for (const [index, lesion] of ranked.entries()) for (const mark of marksOf(lesion)) numbers.set(keyOf(mark.job_id, mark.finding_id), index + 1);
  const before = images.filter(({ prior }) => prior);
  for (const image of before) numberByPlace(image, images, numbers, ranked);
  let next = ranked.length;
  for (const { jobId, result } of [...images.filter(({ prior }) => !prior), ...before])
    for (const { id } of result?.findings ?? []) {
      const key = keyOf(jobId, id ?? '');
      if (!numbers.has(key)) numbers.set(key, (next += 1));
    }
  known.set(images, { together, numbers });
  return numbers;
}

/**
 * Give marks of an earlier film the numbers of the lesions at their places, where the joint reading says nothing else of these.
 * @param {import('../viewer/image.js').ViewedImage} before
 * @param {Read['images']} images
 * @param {Map<string, number>} numbers
 * @param {import('../core/types.d.ts').Lesion[]} lesions
 */
function numberByPlace(before, images, numbers, lesions) {
  const told = lesions.filter(({ change }) => change && (NOT_THERE.includes(change.change) || change.prior?.job_id === before.jobId));
  const apart = new Set(told.flatMap(({ marks }) => marks.map((mark) => keyOf(mark.job_id, mark.finding_id))));
  for (const { mark, jobId, id } of todayOf(images, before)) {
    const [key, today] = [keyOf(before.jobId, mark ?? ''), keyOf(jobId, id ?? '')];
    const number = numbers.get(today);
    if (number && !apart.has(today) && !numbers.has(key)) numbers.set(key, number);
  }
}

/** The number of a finding; its place on its own film where the films were not read together. @param {Read} state @param {Target} target */
export function numberOf(state, { jobId, findingId, index }) {
  const ofFilm = (index ?? 0) + 1;
  return state.together ? numbersOf(state).get(keyOf(jobId, findingId)) ?? ofFilm : ofFilm;
}
