// Polls the case and updates the state where it has changed.

import { call } from '../core/api.js';
import { loop } from '../core/poll.js';
import { loginLinks } from '../core/trouble.js';
import { apiLanguage, list, t } from '../core/words.js';
import { activeOf, firstToRead, preferredLayout } from '../viewer/hanging.js';
import { imagesOf } from '../viewer/image.js';
import { adopted } from './drafts.js';
import { judged, reads } from './state.js';
import { SIDES } from './stated.js';
import { imageOf } from './targets.js';

/** @typedef {import('./state.js').CaseDetail} CaseDetail */
/** @typedef {import('./state.js').Review} Review */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

const BUSY_MS = 1500;
const CALM_MS = 30000;

/**
 * @param {import('./state.js').ReadingStore} store
 * @param {string} caseId
 * @param {{onImages: (images: ViewedImage[]) => void, onFirst: () => void, onReached: () => void}} events `onImages`: told of the
 *     images after each change of the case. `onFirst`: the case is there for the first time. `onReached`: the server has answered.
 */
export function createCaseFeed(store, caseId, { onImages, onFirst, onReached }) {
  let asked = 0; // how often the case was asked for or written
  let taken = 0; // which of these is in the state
  let own = store.state.trouble; // what the feed told last, apart from what the reader's actions told
  /** @type {import('../core/poll.js').Loop | null} */
  let watcher = null;

  /** Fetch the case again, and update what changed. */
  async function refresh() {
    asked += 1;
    const turn = asked;
    const { body, headers } = await call('get', '/api/v1/cases/{case_id}', { params: { case_id: caseId }, query: { lang: apiLanguage } });
    if (turn < taken) return; // something newer is in the state already
    taken = turn;
    if (JSON.stringify(store.state.case) === JSON.stringify(body)) store.update({ etag: headers.get('ETag') });
    else take(body, headers.get('ETag'));
  }

  /** @param {CaseDetail} detail @param {string | null} etag */
  function take(detail, etag) {
    const { state } = store;
    const images = imagesOf([...detail.images, ...state.earlier], state.images);
    const active = activeOf({ ...state, images }) ?? firstToRead(images);
    store.update({
      case: detail,
      etag,
      images,
      ...reads(active),
      chosen: imageOf(images, state.chosen) ? state.chosen : null, // another analysis has other findings
      layout: state.layout ?? (images.length ? preferredLayout(images) : null),
      drafts: adopted(state.drafts, images),
      ...askedAnew(state, images),
    });
    onImages(images);
  }

  /**
   * Take over a review that was just saved; an older response that arrives late does not undo it.
   * @param {{job: string, finding: string}} at
   * @param {Review | null} review
   * @param {string | null} etag
   */
  function takeReview({ job, finding }, review, etag) {
    asked += 1;
    taken = asked;
    const detail = /** @type {CaseDetail} */ (store.state.case);
    const others = detail.reviews.filter((other) => other.job_id !== job || other.finding_id !== finding);
    store.update({ etag, case: { ...detail, reviews: review ? [...others, review] : others } });
  }

  async function ask() {
    const first = store.state.case === null;
    await refresh();
    if (first) onFirst();
    onReached();
    const { trouble } = store.state;
    if (trouble === own || trouble.links?.length) store.update({ trouble: { words: '' } }); // somebody is logged in again
    return store.state.case?.state === 'analysing' ? BUSY_MS : CALM_MS;
  }

  return {
    refresh,
    takeReview,
    /** Take over films of other cases that were found since. */
    retake: () => store.state.case && take(store.state.case, store.state.etag),
    /** Poll the case now. */
    wake: () => watcher?.wake(),
    start() {
      watcher = loop(ask, (problem, seconds) => {
        const words = seconds === null ? problem.message : t('reading.trouble', { problem: problem.message });
        own = troubleNote(problem, words);
        store.update({ trouble: own });
      });
    },
  };
}

/**
 * Entries for a breast are cleared if one of its films is new, was analysed again or was taken for the other breast;
 * so are those for the breast that a film has left.
 * @param {import('./state.js').Reading} state Before the change.
 * @param {ViewedImage[]} images After it.
 * @returns {Partial<import('./state.js').Reading>}
 */
export function askedAnew(state, images) {
  if (!state.case) return {};
  const before = new Map(state.images.map((image) => [image.id, image]));
  const sidesOf = (/** @type {ViewedImage | undefined} */ image) => (image ? [image.entry?.laterality ?? null] : []);
  const films = judged({ ...state, images }).filter((image) => image.film && !isTheSame(before.get(image.id), image));
  const concerned = films.flatMap((image) => [...sidesOf(image), ...sidesOf(before.get(image.id))]);
  const sides = SIDES.filter((side) => state.breasts[side].bi_rads !== undefined && concerned.some((own) => (own ?? side) === side));
  if (!sides.length) return {};
  const breasts = { ...state.breasts };
  for (const side of sides) breasts[side] = { ...breasts[side], bi_rads: undefined };
  const words = t('reading.new_film', { what: list(films.map(({ name }) => name)) });
  return { breasts, line: { words, bad: true }, announced: words };
}

/** Whether a film has the same analysis and breast as before, and has not become suspicious. @param {ViewedImage | undefined} before @param {ViewedImage} now */
const isTheSame = (before, now) =>
  before !== undefined && before.jobId === now.jobId && before.entry?.laterality === now.entry?.laterality && (isSuspected(before) || !isSuspected(now));

/** @param {ViewedImage} image */
const isSuspected = ({ entry }) => entry?.job?.assessment === 'malignancy_suspected';

/** @param {Pick<import('../core/api.js').Problem, 'message' | 'status'>} problem */
export const troubleNote = (problem, words = problem.message) => ({ words, links: loginLinks(problem, location.pathname), symbol: 'offline' });
