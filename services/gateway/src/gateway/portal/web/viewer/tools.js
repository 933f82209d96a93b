// What the tools do: zoom, window and level, overlays.

import { keep, recall } from '../core/kept.js';
import { activeOf } from './hanging.js';
import { adjusted, windowOf } from './window.js';

/** @typedef {import('./window.js').Window} Window */
/** @typedef {import('./overlay.js').Overlays} Overlays */
/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {'boxes' | 'outlines' | 'heat' | 'tags'} OverlayName */

const STEP = 1.25;
const REMEMBERED = 'lobule-overlays';
/** @type {Overlays} */
const USUAL = { boxes: true, outlines: true, heat: true, tags: true, opacity: 0.45 };
const CROP = 'lobule-crop';
const NONE = { boxes: false, outlines: false, heat: false, tags: false };

/** What of the overlays is shown, as the reader left it on this browser. @returns {Overlays} */
export const rememberedOverlays = () => ({ ...USUAL, ...recall(REMEMBERED, {}) });

/** Whether films fill their panes with the breast, as the reader left it on this browser. @returns {boolean} */
export const rememberedCrop = () => recall(CROP, true);

/** Whether any overlay is shown. @param {Overlays} overlays */
export const anyShown = ({ boxes, outlines, heat, tags }) => boxes || outlines || heat || tags;

/**
 * @param {import('../reading/state.js').ReadingStore} store
 * @param {() => import('./pane.js').Pane | undefined} activePane
 */
export function createTools(store, activePane) {
  /** @type {Partial<Overlays>} */
  let before = { boxes: true, outlines: true, heat: true, tags: true };

  /** @param {Partial<Overlays>} change */
  function show(change) {
    const overlays = { ...store.state.overlays, ...change };
    keep(REMEMBERED, overlays);
    store.update({ overlays });
  }

  /**
   * Change the window of a film; nothing for a field.
   * @param {ViewedImage | null} image
   * @param {(window: Window, source: import('./sources.js').GreySource) => Window} change
   */
  function setWindow(image, change) {
    const window = image && windowOf(store.state, image);
    if (!image?.source?.grey || !window) return;
    store.update({ windows: { ...store.state.windows, [image.id]: change(window, image.source) } });
  }

  const active = () => activeOf(store.state);

  return {
    show,
    zoomIn: () => activePane()?.zoom(STEP),
    zoomOut: () => activePane()?.zoom(1 / STEP),
    fit: () => activePane()?.fit(),
    actual: () => activePane()?.actual(),
    /** @param {(window: Window, source: import('./sources.js').GreySource) => Window} change */
    setActiveWindow: (change) => setWindow(active(), change),
    invert: () => setWindow(active(), (window) => ({ ...window, inverted: !window.inverted })),

    /** The window as the file says, and the whole film. */
    reset() {
      const { windows, activeId } = store.state;
      store.update({ windows: Object.fromEntries(Object.entries(windows).filter(([id]) => id !== activeId)) });
      activePane()?.fit();
    },

    /** By shares of the first window: right is more contrast, up is brighter. */
    adjust: (/** @type {number} */ contrast, /** @type {number} */ brightness, image = active()) =>
      setWindow(image, (window, source) => adjusted(window, source, contrast, brightness)),

    /** Show one kind of overlay, or no longer. @param {OverlayName} name */
    toggle: (name) => show({ [name]: !store.state.overlays[name] }),

    /** Fill the panes with the breast, or with the whole films. */
    toggleCrop() {
      const cropped = !store.state.cropped;
      keep(CROP, cropped);
      store.update({ cropped });
    },

    /** Hide all overlays, or bring back those that were shown. */
    toggleAll() {
      const { overlays } = store.state;
      const any = anyShown(overlays);
      if (any) before = overlays;
      show(any ? NONE : before);
    },
  };
}
