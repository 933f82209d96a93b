// Parts of the reading page that are loaded on first use, with their sentences.

import { offline } from '../core/api.js';
import { addWords } from '../core/words.js';
import { BUILT_IN } from '../viewer/tools.js';
import { DRAWING } from './own-part.js';

/** @typedef {import('./state.js').Reading} Reading */

/** Replaces a tool that is still being loaded: it takes the pointer's input, so that the film is not moved instead. */
export const NOT_YET = { busy: true, paint() {}, down: () => true, move() {}, up() {}, hover() {}, leave() {}, wheel: () => false, place: () => false, remove() {}, drop: () => false };

/**
 * @template T
 * @param {Promise<T>} imported
 * @param {string} script Its name below `web/`.
 * @returns {Promise<T>}
 */
export const fetched = (imported, script) =>
  Promise.all([imported, addWords(script)]).then(([part]) => part, () => {
    throw offline();
  });

/**
 * The drawing tools and the enhancement, each loaded when it is first selected.
 * @param {import('./state.js').ReadingStore} store
 * @param {{panes: import('../viewer/pane.js').Pane[], onProblem: (error: unknown) => void}} page
 */
export function createLateTools(store, { panes, onProblem }) {
  /** @type {import('../viewer/instruments.js').Instruments | null} */
  let instruments = null;
  /** @type {ReturnType<typeof import('../viewer/enhancing.js').createEnhancing> | null} */
  let enhancing = null;

  /** @param {Reading} state */
  async function fetchInstruments({ tool }) {
    if (instruments || BUILT_IN.includes(tool) || DRAWING.includes(tool)) return;
    try {
      const { createInstruments } = await fetched(import('../viewer/instruments.js'), 'viewer/instruments.js');
      instruments ??= createInstruments(store, panes);
    } catch (error) {
      onProblem(error);
    }
  }

  /** @param {Reading} state */
  async function fetchEnhancing({ enhanced: { local, edges } }) {
    if (enhancing || !(local || edges)) return;
    try {
      const { createEnhancing } = await fetched(import('../viewer/enhancing.js'), 'viewer/enhancing.js');
      enhancing ??= createEnhancing(store);
    } catch (error) {
      onProblem(error);
    }
  }

  store.subscribe(['tool'], fetchInstruments);
  store.subscribe(['enhanced'], fetchEnhancing);
  return { instruments: () => instruments, enhancing: () => enhancing };
}

/**
 * The dialogs that change a case or an image and sign a report.
 * @param {import('./state.js').ReadingStore} store
 * @param {{dialogs: {about: HTMLDialogElement, edit: HTMLDialogElement, belongs: HTMLDialogElement, signing: HTMLDialogElement},
 *     refused: HTMLElement,
 *     about: Parameters<typeof import('./about.js').createAbout>[2], edit: Omit<Parameters<typeof import('./edit.js').createEdit>[2], 'onExclude'>,
 *     signing: Parameters<typeof import('./signing.js').createSigning>[2], settled: () => Promise<unknown>, onProblem: (error: unknown) => void}} page
 *     `settled`: what is being saved is saved.
 */
export function createLateDialogs(store, { dialogs, refused, about, edit, signing, settled, onProblem }) {
  /** @type {ReturnType<typeof import('./edit.js').createEdit> | null} */
  let editing = null;
  /** @type {ReturnType<typeof import('./signing.js').createSigning> | null} */
  let signs = null;
  /** @type {ReturnType<typeof import('./about.js').createAbout> | null} */
  let tells = null;
  /** @type {ReturnType<typeof import('./belongs.js').createBelongs> | null} */
  let belongs = null;

  async function fetchBelongs() {
    const { createBelongs } = await fetched(import('./belongs.js'), 'reading/belongs.js');
    return (belongs ??= createBelongs(refused, dialogs.belongs, store, edit));
  }

  return {
    /** @param {Reading} state */
    async refused({ case: detail }) {
      if (!belongs && !detail?.refused_films.length) return;
      await fetchBelongs().then((part) => part.show(), onProblem);
    },
    async about() {
      try {
        const { createAbout } = await fetched(import('./about.js'), 'reading/about.js');
        tells ??= createAbout(dialogs.about, store, about);
        tells.open();
      } catch (error) {
        onProblem(error);
      }
    },
    /** @param {import('../viewer/image.js').ViewedImage} image */
    async edit(image) {
      try {
        const { createEdit } = await fetched(import('./edit.js'), 'reading/edit.js');
        const onExclude = (/** @type {typeof image} */ excluded) => fetchBelongs().then((part) => part.exclude(excluded), onProblem);
        editing ??= createEdit(dialogs.edit, store, { ...edit, onExclude });
        editing.open(image);
      } catch (error) {
        onProblem(error);
      }
    },
    async sign() {
      const { createSigning } = await fetched(import('./signing.js'), 'reading/signing.js');
      signs ??= createSigning(dialogs.signing, store, signing);
      await settled();
      await signing.refresh();
      signs.open();
    },
  };
}
