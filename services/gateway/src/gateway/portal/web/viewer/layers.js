// A separate canvas over a pane, so that the film below is not redrawn while the pointer moves.

import { find } from '../core/dom.js';

/** @typedef {import('./pane.js').Pane} Pane */

/** @param {Pane} pane @param {string} name */
export function layerOver({ root }, name) {
  const canvas = document.createElement('canvas');
  canvas.className = name;
  canvas.setAttribute('aria-hidden', 'true');
  find(root, '.image').after(canvas);
  return canvas;
}

/** The layer of a pane, empty and as large as it; null where nothing is shown. @param {HTMLCanvasElement | undefined} canvas @param {Pane} pane */
export function emptyLayer(canvas, { pixels: { width, height }, imageSize, root }) {
  if (!canvas) return null;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = cleared(canvas);
  return imageSize && !root.hidden ? context : null;
}

/** An empty canvas, to be drawn on in CSS pixels. @param {HTMLCanvasElement} canvas */
function cleared(canvas) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.scale(devicePixelRatio, devicePixelRatio);
  return context;
}
