// Asks for the system's opinion of a finding that the reader drew, and keeps it until the region changes.

import { asProblem, call } from '../core/api.js';
import { problemWords } from '../core/codes.js';
import { modality } from '../core/modalities.js';
import { loop } from '../core/poll.js';
import { t } from '../core/words.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../core/types.d.ts').ReaderFinding} ReaderFinding */

const PATH = '/api/v1/cases/{case_id}/reader-findings/{finding_id}/opinion';
const ASK_AGAIN_MS = 800;
const PENDING = ['queued', 'running'];

/** A key that identifies a region. @param {ReaderFinding} finding */
const regionOf = ({ image_id: image, box }) => JSON.stringify([image, box]);

/** Whether the system gives opinions on regions of a finding's image. @param {Pick<Reading, 'images'>} state @param {ReaderFinding} finding */
export function isJudged({ images }, { image_id: id }) {
  const image = images.find((other) => other.id === id);
  return Boolean(image && modality(image.entry.modality)?.reads_regions);
}

/** The opinion on a finding, or its state, as sentences. @param {Pick<Reading, 'opinions'>} state @param {ReaderFinding} finding */
export function opinionOf({ opinions }, finding) {
  const known = opinions[finding.id];
  return known?.region === regionOf(finding) ? known.words : [];
}

/**
 * Returns a function that requests an opinion.
 * @param {import('./state.js').ReadingStore} store
 * @param {string} caseId
 */
export function createOpinions(store, caseId) {
  /** @param {ReaderFinding} finding */
  return function ask(finding) {
    const region = regionOf(finding);
    const params = { case_id: caseId, finding_id: finding.id };
    const tell = (/** @type {string[]} */ words) =>
      store.update(({ opinions }) => ({ opinions: { ...opinions, [finding.id]: { region, words } } }));
    let asked = false;
    tell([t('reading.opinion.waiting')]);
    loop(
      async () => {
        const { body } = await call(asked ? 'get' : 'post', PATH, { params });
        asked = true;
        if (PENDING.includes(body.state)) return ASK_AGAIN_MS;
        if (body.error) tell([t('reading.opinion.failed', { detail: problemWords(body.error) })]);
        else tell(body.text);
        return null;
      },
      (problem) => tell([t('reading.opinion.failed', { detail: problemWords(asProblem(problem)) })]),
    );
  };
}
