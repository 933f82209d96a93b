// The actions of the tools: zoom, window and level, turning, enhancing, overlays.

import { keep, recall } from '../core/kept.js';
import { activeOf } from './hanging.js';
import { UPRIGHT } from './placement.js';
import { turnedOnce } from './turn.js';
import { adjusted, windowOf } from './window.js';

/** @typedef {import('./window.js').Window} Window */
/** @typedef {import('./overlay.js').Overlays} Overlays */
/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('../reading/state.js').Reading} Reading */
/** @typedef {import('../reading/state.js').ToolName} ToolName */
/** @typedef {'boxes' | 'outlines' | 'heat' | 'difference' | 'tags'} OverlayName */
/** @typedef {(window: Window, source: import('./sources.js').GreySource) => Window | null} WindowChange Null leaves it as it is. */

/** Tools that need nothing more than a pane. @type {ToolName[]} */
export const BUILT_IN = ['move', 'zoom', 'window'];
const STEP = 1.25;
const REMEMBERED = 'lobule-marks';
/** @type {Overlays} */
const USUAL = { boxes: true, outlines: true, heat: false, difference: false, tags: true, opacity: 0.45 };
const CROP = 'lobule-crop';
const NO_MAP = { heat: false, difference: false };
const NONE = { boxes: false, outlines: false, ...NO_MAP, tags: false };

/** The overlays to show, as last set in this browser. @returns {Overlays} */
export const rememberedOverlays = () => ({ ...USUAL, ...recall(REMEMBERED, {}) });

/** Whether films fill their panes with the breast, as last set in this browser. @returns {boolean} */
export const rememberedCrop = () => recall(CROP, true);

/** Whether any overlay is shown. @param {Overlays} overlays */
export const anyShown = ({ boxes, outlines, heat, difference, tags }) => boxes || outlines || heat || difference || tags;

/** The overlays that are drawn now: a held key hides all, or shows a map. @param {Reading} state @returns {Overlays} */
export const drawnOverlays = ({ overlays, peek }) => (peek === 'marks' ? { ...overlays, ...NONE } : peek ? { ...overlays, ...NO_MAP, [peek]: true } : overlays);

/** The map that is drawn over an image; null where there is none. @param {ViewedImage} image @param {Overlays} overlays */
export const mapOf = ({ heat, difference }, overlays) => (overlays.heat ? heat : overlays.difference ? difference : null);

/**
 * @param {import('../reading/state.js').ReadingStore} store
 * @param {{activePane: () => import('./pane.js').Pane | undefined, fitAll: () => void}} panes
 */
export function createTools(store, { activePane, fitAll }) {
  /** @type {Partial<Overlays>} */
  let before = { boxes: true, outlines: true, tags: true };

  /** @param {Partial<Overlays>} change */
  function show(change) {
    const overlays = { ...store.state.overlays, ...change };
    keep(REMEMBERED, overlays);
    store.update({ overlays });
  }

  /** The films whose window changes with that of one: all where they are linked. @param {ViewedImage | null} image */
  const windowed = (image) => (!image?.source?.grey ? [] : store.state.linked ? store.state.images.filter(({ source }) => source?.grey) : [image]);

  /**
   * Change the window of a film, and of those that are linked with it; nothing for a field.
   * @param {ViewedImage | null} image
   * @param {WindowChange} change
   */
  function setWindow(image, change) {
    const windows = { ...store.state.windows };
    for (const { id, source } of windowed(image)) {
      const window = windowOf(store.state, { id, source });
      const next = source?.grey && window ? change(window, source) : null;
      if (next) windows[id] = next;
    }
    store.update({ windows });
  }

  const active = () => activeOf(store.state);

  /** Turn the image that is read. @param {'rotate' | 'flip'} step */
  function turn(step) {
    const { activeId, turns } = store.state;
    if (activeId) store.update({ turns: { ...turns, [activeId]: turnedOnce(turns[activeId] ?? UPRIGHT, step) } });
  }

  /** @param {'local' | 'edges'} name */
  const enhance = (name) => store.update(({ enhanced }) => ({ enhanced: { ...enhanced, [name]: !enhanced[name] } }));

  return {
    show,
    zoomIn: () => activePane()?.zoom(STEP),
    zoomOut: () => activePane()?.zoom(1 / STEP),
    fit: () => activePane()?.fit(),
    actual: () => activePane()?.actual(),
    /** @param {WindowChange} change */
    setActiveWindow: (change) => setWindow(active(), change),
    invert() {
      const image = active();
      const inverted = !(image && windowOf(store.state, image)?.inverted);
      setWindow(image, (window) => ({ ...window, inverted }));
    },
    rotate: () => turn('rotate'),
    flip: () => turn('flip'),
    local: () => enhance('local'),
    edges: () => enhance('edges'),
    link: () => store.update(({ linked }) => ({ linked: !linked })),

    /** Select another tool. @param {ToolName} tool */
    take: (tool) => store.update({ tool, correcting: null, pairing: null }),

    /** Hide the marks or show a map as long as a key is held. @param {Reading['peek']} peek */
    peek: (peek) => store.update({ peek }),

    /** The reading page over the whole screen, or as it was. */
    fullScreen() {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen?.().catch(() => {});
    },

    /** Every film as it came: window, zoom, turn, nothing enhanced. What was measured stays. */
    reset() {
      store.update({ windows: {}, turns: {}, enhanced: { local: false, edges: false }, tool: 'move' });
      fitAll();
    },

    /** By shares of the first window: right is more contrast, up is brighter. */
    adjust: (/** @type {number} */ contrast, /** @type {number} */ brightness, image = active()) =>
      setWindow(image, (window, source) => adjusted(window, source, contrast, brightness)),

    /** Show one kind of overlay, or no longer; of the maps, only one. @param {OverlayName} name */
    toggle: (name) => show({ ...(name in NO_MAP ? NO_MAP : {}), [name]: !store.state.overlays[name] }),

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
