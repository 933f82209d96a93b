// Loads all results of a case at once, and the pictures of its images two at a time; then the full depth of films that came
// without it, and all samples of films that the reader zooms into.

import { call } from '../core/api.js';
import { loadAll, loadDepth, loadHeat, loadPictures, loadUnanalysed } from '../viewer/decode.js';
import { activeOf, slotsOf } from '../viewer/hanging.js';
import { shownOf } from '../viewer/image.js';
import { withImage } from './state.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

const MAX_LOADING = 2;
const MOST_RESULTS = 16; // in one answer
const AGAIN_MS = 5000; // what did not arrive is not asked for again before
/** @type {Promise<Record<string, import('../core/types.d.ts').Result>>} */
const NONE = Promise.resolve({});

/** Whether samples of the stored depth are loaded, at reduced or full size. @param {import('../viewer/sources.js').Source} source */
const isDeep = (source) => source.grey && source.range > 256;

/** Allow another attempt after a pause; each change of the state triggers one. @param {Set<string>} asked @param {string} shown */
const forget = (asked, shown) => void setTimeout(() => asked.delete(shown), AGAIN_MS);

/** @param {import('./state.js').ReadingStore} store @param {string} caseId */
export function createLoader(store, caseId) {
  // Requests are remembered by `shownOf`, so that another analysis or a corrected film is loaded again.
  /** @type {Set<string>} Whose pictures were asked for; of films that were not analysed with their state, for they may be tried again. */
  const asked = new Set();
  /** @type {Set<string>} Whose film was asked for in its full depth. */
  const deepened = new Set();
  /** @type {{image: ViewedImage, results: typeof NONE}[]} */
  const waiting = [];
  let loading = 0;

  /** Changes an image unless it was replaced meanwhile; new pixels are shown with their own window. */
  const patchOf = (/** @type {ViewedImage} */ former) => (/** @type {Partial<ViewedImage>} */ change) => {
    const { id } = former;
    if (!store.state.images.some((image) => image.id === id && shownOf(image) === shownOf(former))) return;
    const { [id]: _, ...windows } = store.state.windows;
    store.update((state) => ({ ...withImage(state, id, change), ...(change.source ? { windows } : {}) }));
  };

  async function work() {
    if (loading >= MAX_LOADING) return;
    const next = waiting.shift();
    if (!next) return;
    loading += 1;
    try {
      await loadPictures(next.image, patchOf(next.image), next.results);
    } finally {
      loading -= 1;
      work();
      if (!loading && !waiting.length) deepenAll();
    }
  }

  /** The current image first, then those that hang beside it. */
  async function deepenAll() {
    const active = activeOf(store.state);
    for (const { id } of [...(active ? [active] : []), ...store.state.images]) await deepen(id);
  }

  /** Load the full depth of a film, once its display image is there. @param {string} imageId */
  async function deepen(imageId) {
    const image = store.state.images.find(({ id }) => id === imageId);
    if (!image?.film || !image.source || isDeep(image.source) || deepened.has(shownOf(image))) return;
    deepened.add(shownOf(image));
    if (!(await loadDepth(image, patchOf(image)))) forget(deepened, shownOf(image));
  }

  /** The results of several images of this case in one response; missing ones are requested singly. @param {ViewedImage[]} images @returns {typeof NONE} */
  function resultsOf(images) {
    const detail = store.state.case;
    const jobs = images.map(({ jobId }) => jobId).filter((jobId) => detail?.images.some(({ job }) => job.id === jobId)).slice(0, MOST_RESULTS);
    if (!detail || jobs.length < 2) return NONE;
    const query = jobs.map((jobId) => /** @type {[string, string]} */ (['job', jobId]));
    return call('get', '/api/v1/cases/{case_id}/results', { params: { case_id: detail.id }, query }).then(({ body }) => body, () => NONE);
  }

  /** @type {Set<string>} Whose film was asked for with all its samples. */
  const refined = new Set();
  /** @type {Set<string>} Whose heat map was asked for. */
  const heated = new Set();

  /** Load all samples of a film when the reader zooms in. @param {ViewedImage} image */
  async function refine({ id }) {
    const image = store.state.images.find((other) => other.id === id);
    if (!image?.source?.grey || !image.source.coarse || refined.has(shownOf(image))) return;
    refined.add(shownOf(image));
    if (!(await loadAll(image, patchOf(image)))) forget(refined, shownOf(image));
  }

  /** Show only the pixels of a film without a result. Pixels that arrive after the result are dropped. @param {ViewedImage} image */
  async function show(image) {
    const key = `${shownOf(image)} ${image.entry.state}`;
    if (asked.has(key)) return;
    asked.add(key);
    const patch = patchOf(image);
    const isOpen = () => store.state.images.some(({ id, entry }) => id === image.id && entry.state !== 'assessed');
    if (!(await loadUnanalysed(image, (change) => isOpen() && patch(change)))) forget(asked, key);
  }

  /** Load all samples of the hung films if the selected tool or an enhancement needs them. @param {import('./state.js').Reading} state */
  function serve(state) {
    const { tool, enhanced } = state;
    if (tool === 'magnify' || tool === 'value' || enhanced.local || enhanced.edges) slotsOf(state).forEach(refine);
  }

  /** Load heat maps when they are switched on. @param {import('./state.js').Reading} state */
  function heat(state) {
    if (!state.overlays.heat && state.peek !== 'heat') return;
    for (const image of slotsOf(state)) {
      if (!image.result || heated.has(shownOf(image))) continue;
      heated.add(shownOf(image));
      loadHeat(image, patchOf(image)).catch(() => forget(heated, shownOf(image)));
    }
  }

  /** @type {Promise<() => void> | null} */
  let comparing = null;

  /** Load the differences of the breasts when they are switched on. @param {import('./state.js').Reading} state */
  function compare({ overlays, peek }) {
    if (!overlays.difference && peek !== 'difference') return;
    comparing ??= import('./differences.js').then(({ createDifferences }) => createDifferences(store, caseId));
    comparing.then((load) => load(), () => void (comparing = null));
  }

  /** Record which pictures were shown; the others are listed before the report is signed. @param {import('./state.js').Reading} state */
  function noteSeen(state) {
    const shown = slotsOf(state).filter(({ id, source }) => source && !state.seen.includes(id));
    if (shown.length) store.update({ seen: [...state.seen, ...shown.map(({ id }) => id)] });
  }

  store.subscribe(['images', 'activeId', 'layout'], noteSeen);
  store.subscribe(['tool', 'enhanced', 'images', 'activeId', 'layout'], serve);
  store.subscribe(['overlays', 'peek', 'images', 'activeId', 'layout'], heat);
  store.subscribe(['overlays', 'peek', 'images', 'activeId', 'layout', 'together'], compare);

  return {
    deepen,
    refine,

    /** Load what is not loaded yet. @param {ViewedImage[]} images */
    load(images) {
      const wanted = images.filter((image) => image.entry.state === 'assessed' && !asked.has(shownOf(image)));
      const results = resultsOf(wanted);
      for (const image of wanted) {
        asked.add(shownOf(image));
        waiting.push({ image, results });
        work();
      }
      images.filter((image) => image.entry.state !== 'assessed' && image.film).forEach(show);
    },
  };
}
