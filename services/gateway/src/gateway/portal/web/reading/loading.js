// Loads the pictures of all images, two at a time: all display images first, then the films in full depth.

import { loadDepth, loadPictures } from '../viewer/decode.js';
import { activeOf } from '../viewer/hanging.js';
import { withImage } from './state.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

const MAX_LOADING = 2;

/** @param {import('./state.js').ReadingStore} store */
export function createLoader(store) {
  /** @type {Set<string>} Analyses whose pictures were asked for. */
  const asked = new Set();
  /** @type {Set<string>} Analyses whose film was asked for in its full depth. */
  const deepened = new Set();
  /** @type {ViewedImage[]} */
  const waiting = [];
  let loading = 0;

  /** Changes an image as long as its analysis is the newest; other pixels are shown with the window that they come with. */
  const patchOf = (/** @type {ViewedImage} */ { id, jobId }) => (/** @type {Partial<ViewedImage>} */ change) => {
    if (!store.state.images.some((image) => image.id === id && image.jobId === jobId)) return;
    const { [id]: _, ...windows } = store.state.windows;
    store.update((state) => ({ ...withImage(state, id, change), ...(change.source ? { windows } : {}) }));
  };

  async function work() {
    if (loading >= MAX_LOADING) return;
    const next = waiting.shift();
    if (!next) return;
    loading += 1;
    try {
      await loadPictures(next, patchOf(next));
    } finally {
      loading -= 1;
      work();
      if (!loading && !waiting.length) deepenAll();
    }
  }

  /** First the image that is read, then those that hang beside it. */
  async function deepenAll() {
    const active = activeOf(store.state);
    for (const { id } of [...(active ? [active] : []), ...store.state.images]) await deepen(id);
  }

  /** Load the full depth of a film, once its display image is there. @param {string} imageId */
  async function deepen(imageId) {
    const image = store.state.images.find(({ id }) => id === imageId);
    if (!image?.film || !image.source || deepened.has(image.jobId)) return;
    deepened.add(image.jobId);
    if (!(await loadDepth(image, patchOf(image)))) deepened.delete(image.jobId);
  }

  return {
    deepen,

    /** Load what is not loaded yet. @param {ViewedImage[]} images */
    load(images) {
      for (const image of images) {
        if (image.entry.state !== 'assessed' || asked.has(image.jobId)) continue;
        asked.add(image.jobId);
        waiting.push(image);
        work();
      }
    },
  };
}
