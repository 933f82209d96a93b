// A canvas of its own over a pane, so that the film below is not drawn anew while a hand moves.

import { cleared } from './overlay.js';

/** @typedef {import('./pane.js').Pane} Pane */

/** @param {Pane} pane @param {string} name */
export function layerOver({ overlay }, name) {
  const canvas = document.createElement('canvas');
  canvas.className = name;
  canvas.setAttribute('aria-hidden', 'true');
  overlay.after(canvas);
  return canvas;
}

/** The layer of a pane, empty and as large as it; null where nothing is shown. @param {HTMLCanvasElement | undefined} canvas @param {Pane} pane */
export function emptyLayer(canvas, { overlay, imageSize, root }) {
  if (!canvas) return null;
  if (canvas.width !== overlay.width || canvas.height !== overlay.height) [canvas.width, canvas.height] = [overlay.width, overlay.height];
  const context = cleared(canvas);
  return imageSize && !root.hidden ? context : null;
}
