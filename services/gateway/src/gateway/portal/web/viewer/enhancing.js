// Enhances the local contrast or the edges of the films that hang, in a web worker. Loaded on first use.

import { slotsOf } from './hanging.js';
import { GreySource } from './sources.js';

/** @typedef {import('../reading/state.js').Reading} Reading */
/** @typedef {{key: string, source: GreySource}} EnhancedFilm `key`: what of, and how. */

/** The selected enhancement, as one word; empty for none. @param {Reading['enhanced']} enhanced */
const wantedOf = ({ local, edges }) => [local && 'local', edges && 'edges'].filter(Boolean).join(' ');

/** @param {import('../reading/state.js').ReadingStore} store */
export function createEnhancing(store) {
  const worker = new Worker(new URL('./enhance-worker.js', import.meta.url), { type: 'module' });
  /** @type {Set<string>} */
  const asked = new Set();

  worker.addEventListener('message', ({ data: { id, key, samples } }) => {
    asked.delete(key);
    const image = store.state.images.find((other) => other.id === id);
    const { source } = image ?? {};
    if (!source?.grey || key !== keyOf(store.state, id)) return ask();
    const [{ width, height }] = source.levels;
    const enhanced = new GreySource([{ samples, width, height }], { ...source.first, bits: source.bits, windows: source.windows, coarse: source.coarse });
    return store.update(({ enhancedFilms }) => ({ enhancedFilms: { ...enhancedFilms, [id]: { key, source: enhanced } } }));
  });

  function ask() {
    const { state } = store;
    const wanted = wantedOf(state.enhanced);
    if (!wanted) {
      if (Object.keys(state.enhancedFilms).length) store.update({ enhancedFilms: {} });
      return;
    }
    for (const { id, source } of slotsOf(state)) {
      const key = keyOf(state, id);
      if (!source?.grey || asked.has(key) || state.enhancedFilms[id]?.key === key) continue;
      asked.add(key);
      const [level] = source.levels;
      worker.postMessage({ id, key, ...level, low: source.first.low, high: source.first.high, ...state.enhanced });
    }
  }

  store.subscribe(['enhanced', 'images', 'activeId', 'layout'], ask);

  return {
    /** A film as it is wanted; null where it is wanted as it is, or is not worked out yet. @param {Reading} state @param {string} id */
    sourceOf(state, id) {
      const film = state.enhancedFilms[id];
      return wantedOf(state.enhanced) && film?.key === keyOf(state, id) ? film.source : null;
    },
  };
}

/** A key of the samples to enhance and of the enhancement. @param {Reading} state @param {string} id */
function keyOf({ images, enhanced }, id) {
  const image = images.find((other) => other.id === id);
  return `${image?.jobId} ${image?.source?.bits} ${image?.source?.grey && image.source.coarse} ${wantedOf(enhanced)}`;
}
