// The difference of a film from the film of the other breast, as a picture over it.

import { shownDifference } from '../viewer/decode.js';
import { slotsOf } from '../viewer/hanging.js';
import { differenceOf, shownOf } from '../viewer/image.js';
import { withImage } from './state.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').FilmDifference} FilmDifference */

const AGAIN_MS = 5000; // what did not arrive is not asked for again before

/**
 * Load the differences of the films that hang when they are switched on, and anew whenever the films are read together anew.
 * @param {import('./state.js').ReadingStore} store
 * @param {string} caseId
 */
export function followDifferences(store, caseId) {
  /** @type {Map<string, {shown: string, wanted: FilmDifference | null}>} What was asked for last, by image. */
  const asked = new Map();

  /** @param {Reading} state */
  return function follow(state) {
    if (!state.overlays.difference && state.peek !== 'difference') return;
    for (const image of slotsOf(state)) {
      const now = { shown: shownOf(image), wanted: differenceOf(state, image) };
      const before = asked.get(image.id);
      if (!image.result || (before?.shown === now.shown && before.wanted === now.wanted)) continue;
      asked.set(image.id, now);
      const patch = (/** @type {Pick<ViewedImage, 'difference'>} */ change) => asked.get(image.id) === now && store.update((latest) => withImage(latest, image.id, change));
      if (image.difference) patch({ difference: null });
      if (now.wanted) shownDifference(caseId, now.wanted.file, image.result).then((difference) => patch({ difference }), () => void setTimeout(() => asked.get(image.id) === now && asked.delete(image.id), AGAIN_MS));
    }
  };
}
