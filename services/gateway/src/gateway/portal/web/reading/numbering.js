// Numbers findings: a lesion of the examination has one number on all its films, as in the report. Pure.

/** @typedef {Pick<import('./state.js').Reading, 'images' | 'together'>} Read */
/** @typedef {import('./targets.js').Target} Target */

/** @type {WeakMap<Read['images'], {together: Read['together'], numbers: Map<string, number>}>} The last numbers of some images. */
const known = new WeakMap();

const keyOf = (/** @type {string} */ job, /** @type {string} */ finding) => `${job} ${finding}`;

/**
 * The number of every finding, by its analysis and id: the most suspicious lesion first, whatever breast shows it; then what is
 * no lesion, because it is below the working threshold, film by film. On an earlier film the mark of a lesion has its number, and
 * any other mark one that no current finding has: equal numbers side by side say that it is the same.
 * @param {Read} state
 */
function numbersOf({ images, together }) {
  const last = known.get(images);
  if (last && last.together === together) return last.numbers;
  const lesions = together?.breasts.flatMap(({ lesions }) => lesions ?? []) ?? [];
  const ranked = [...lesions].sort((one, other) => other.probability_malignant - one.probability_malignant);
  /** @type {Map<string, number>} */
  const numbers = new Map();
  for (const [index, { marks, change }] of ranked.entries())
    for (const mark of [...marks, ...(change?.prior ? [change.prior] : [])]) numbers.set(keyOf(mark.job_id, mark.finding_id), index + 1);
  let next = ranked.length;
  for (const { jobId, result } of [...images].sort((one, other) => Number(one.prior) - Number(other.prior)))
    for (const { id } of result?.findings ?? []) {
      const key = keyOf(jobId, id ?? '');
      if (!numbers.has(key)) numbers.set(key, (next += 1));
    }
  known.set(images, { together, numbers });
  return numbers;
}

/** The number of a finding; its place on its own film where the films were not read together. @param {Read} state @param {Target} target */
export function numberOf(state, { jobId, findingId, index }) {
  const ofFilm = (index ?? 0) + 1;
  return state.together ? numbersOf(state).get(keyOf(jobId, findingId)) ?? ofFilm : ofFilm;
}
