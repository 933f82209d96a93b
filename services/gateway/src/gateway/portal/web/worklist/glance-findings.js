// What the glance pane says of a case: its findings, the most suspicious first. Pure.

import { isCalcification } from '../core/kinds.js';
import { modality } from '../core/modalities.js';
import { probability, stateOf } from '../core/numbers.js';
import { t } from '../core/words.js';
import { sizeInShort } from '../reading/sizes.js';
import { changeWords, lesionPlace } from '../reading/together.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').Result} Result */
/** @typedef {Record<string, Result>} Results By job. */
/** @typedef {{suspicion: number | null, state: string, percent: string, words: string[], grown: string}} Told `state`: of the suspicion, by the film's thresholds. */

/** The place of what was marked on a film: its view. @param {ViewedImage[]} images @param {string} job */
const filmOf = (images, job) => images.find(({ jobId }) => jobId === job)?.name ?? '';

/**
 * @param {ViewedImage[]} images Of the current examination.
 * @param {Results} results
 * @param {import('../core/types.d.ts').ReadingTogether | null} together
 * @returns {Told[]}
 */
export function findingsOf(images, results, together) {
  const lesions = (together?.breasts ?? []).flatMap(({ laterality, lesions: found }) => (found ?? []).map((lesion) => ({ laterality, lesion })));
  const alone = images.flatMap(({ jobId, name }) => ofImage(results[jobId], name, together !== null)); // lesions are masses
  const told = [...lesions.map(({ laterality, lesion }) => ofLesion(images, results, laterality, lesion)), ...alone];
  return told.sort((one, other) => (other.suspicion ?? -1) - (one.suspicion ?? -1));
}

/** @param {ViewedImage[]} images @param {Results} results @param {'L' | 'R'} laterality @param {import('../core/types.d.ts').Lesion} lesion @returns {Told} */
function ofLesion(images, results, laterality, lesion) {
  const sizes = lesion.marks.flatMap(({ job_id: job, finding_id: id }) => {
    const finding = results[job]?.findings.find((other) => other.id === id);
    return finding ? [{ size: Math.max(finding.box.width, finding.box.height), words: sizeInShort(results[job].image, finding) }] : [];
  });
  const largest = sizes.sort((one, other) => other.size - one.size)[0];
  const only = lesion.marks.length === 1 ? [filmOf(images, lesion.marks[0].job_id)] : [];
  const place = lesion.place ? lesionPlace(lesion.place) : [];
  const thresholds = results[lesion.marks[0].job_id]?.thresholds;
  return {
    suspicion: lesion.probability_malignant,
    state: thresholds ? stateOf(lesion.probability_malignant, thresholds) : '',
    percent: probability(lesion.probability_malignant),
    words: [t(`examined.laterality.${laterality}`), ...place, ...only, ...(largest ? [largest.words] : [])],
    grown: changeWords(lesion),
  };
}

/** The marked findings of a film, or its calcifications alone. @param {Result | undefined} result @param {string} name @param {boolean} calcificationsAlone @returns {Told[]} */
const ofImage = (result, name, calcificationsAlone) =>
  (result?.findings ?? []).flatMap((finding) => {
    if (!result || finding.probability < result.thresholds.finding) return [];
    const { probability_malignant: suspicion, label } = finding;
    const calcified = isCalcification(finding);
    if (calcificationsAlone && !calcified) return [];
    const kind = calcified ? [modality(result.image.modality)?.labels[label] ?? label] : [];
    return [{ suspicion: suspicion ?? null, state: suspicion == null ? '' : stateOf(suspicion, result.thresholds), percent: suspicion == null ? '' : probability(suspicion), words: [name, ...kind, sizeInShort(result.image, finding)], grown: '' }];
  });
