// Shows the marker of a film beside its name where the marker itself is out of sight. Loaded on first use.

import { find } from '../core/dom.js';
import { breastOf } from './image.js';
import { markerOf } from './marker.js';

/** @typedef {import('./pane.js').Pane} Pane */
/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {import('./geometry.js').Size} Size */

const LARGEST = { width: 110, height: 44 }; // CSS pixels
const AROUND = 0.12; // of its longer side, of the film around it

/** @type {WeakMap<import('./sources.js').GreySource, Box | null>} In shares of width and height. */
const known = new WeakMap();

/** @param {Pane} pane */
export function showMarker(pane) {
  const canvas = find(pane.root, '.marker', HTMLCanvasElement);
  const box = boxOf(pane);
  canvas.hidden = !box || inSight(pane, box);
  if (box && !canvas.hidden) draw(canvas, pane, box);
}

/** The box of the marker, in pixels of the image. @param {Pane} pane @returns {Box | null} */
function boxOf({ viewed, imageSize }) {
  const source = viewed?.source;
  if (!viewed || !source?.grey || !imageSize) return null;
  const { width, height } = imageSize;
  const breast = breastOf(viewed);
  if (!known.has(source)) known.set(source, markerOf(source.levels[source.levels.length - 1], breast && { x: breast.x / width, y: breast.y / height, width: breast.width / width, height: breast.height / height }));
  const found = known.get(source);
  if (!found) return null;
  const around = AROUND * Math.max(found.width * width, found.height * height);
  const [left, top] = [Math.max(0, found.x * width - around), Math.max(0, found.y * height - around)];
  const [right, bottom] = [Math.min(width, (found.x + found.width) * width + around), Math.min(height, (found.y + found.height) * height + around)];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** @param {Pane} pane @param {Box} box */
function inSight(pane, { x, y, width, height }) {
  const corners = [pane.toPane({ x, y }), pane.toPane({ x: x + width, y: y + height })];
  return corners.every((corner) => corner.x >= -1 && corner.y >= -1 && corner.x <= pane.size.width + 1 && corner.y <= pane.size.height + 1);
}

/** Draw the marker as the film hangs, in its current window. @param {HTMLCanvasElement} canvas @param {Pane} pane @param {Box} box */
function draw(canvas, { viewed, imageSize, shown: { window } }, box) {
  const source = viewed?.source;
  if (!source?.grey || !imageSize || !window) return;
  const scale = Math.min(LARGEST.width / box.width, LARGEST.height / box.height);
  const key = JSON.stringify([viewed?.jobId, source.bits, source.levels[0].width, box, window, devicePixelRatio]);
  if (canvas.dataset.of === key) return;
  canvas.dataset.of = key;
  Object.assign(canvas.style, { width: `${Math.round(box.width * scale)}px`, height: `${Math.round(box.height * scale)}px` });
  const fine = scale * devicePixelRatio;
  [canvas.width, canvas.height] = [Math.round(box.width * fine), Math.round(box.height * fine)];
  const context = canvas.getContext('2d');
  context?.setTransform(fine, 0, 0, fine, -box.x * fine, -box.y * fine);
  const { width, height } = imageSize;
  if (context) source.draw(context, { image: { width, height }, seen: { x1: box.x, y1: box.y, x2: box.x + box.width, y2: box.y + box.height }, scale: fine, window });
}
