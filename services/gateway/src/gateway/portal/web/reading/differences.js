// The difference of a film from the film of the other breast, as a picture over it.

import { address } from '../core/api.js';
import { picture } from '../viewer/decode.js';
import { slotsOf } from '../viewer/hanging.js';
import { colourHeat } from '../viewer/heat.js';
import { turnPicture } from '../viewer/hung.js';
import { differenceOf, shownOf } from '../viewer/image.js';
import { withImage } from './state.js';

/** @typedef {import('../core/types.d.ts').FilmDifference} FilmDifference */

const AGAIN_MS = 5000; // what did not arrive is not asked for again before

/**
 * A function that loads the differences of the films that hang, and anew those of films that were read together anew.
 * @param {import('./state.js').ReadingStore} store
 * @param {string} caseId
 */
export function createDifferences(store, caseId) {
  /** @type {Map<string, {shown: string, wanted: FilmDifference | null}>} What was asked for last, by image. */
  const asked = new Map();

  /** @param {FilmDifference} wanted @param {import('../core/types.d.ts').Result} result Of the film. */
  async function drawn({ file }, { image: { hanging } }) {
    const at = address('/api/v1/cases/{case_id}/examination/{picture}', { params: { case_id: caseId, picture: file } });
    return colourHeat(turnPicture(await picture(at), hanging));
  }

  /** @param {import('../viewer/image.js').ViewedImage} image */
  async function load(image) {
    const now = { shown: shownOf(image), wanted: differenceOf(store.state, image) };
    const before = asked.get(image.id);
    if (!image.result || (before?.shown === now.shown && before.wanted === now.wanted)) return;
    asked.set(image.id, now);
    const isLatest = () => asked.get(image.id) === now;
    const patch = (/** @type {ImageBitmap | null} */ difference) => isLatest() && store.update((state) => withImage(state, image.id, { difference }));
    if (image.difference) patch(null);
    try {
      if (now.wanted) patch(await drawn(now.wanted, image.result));
    } catch {
      setTimeout(() => isLatest() && asked.delete(image.id), AGAIN_MS);
    }
  }

  return () => slotsOf(store.state).forEach(load);
}
