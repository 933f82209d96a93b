// Web worker that paints films and fields with their marks onto the canvases of the panes, so that input is never delayed.
// A second worker of this script decodes films, so that decoding does not delay painting.

import { decode } from './decoding.js';
import { drawOverlay } from './overlay.js';
import { ColourSource, GreySource, drawPlaced } from './sources.js';

/** @type {Map<number, OffscreenCanvasRenderingContext2D>} By pane. */
const contexts = new Map();
/** @type {Map<number, import('./overlay.js').Above>} What lies over the image of a pane. */
const aboves = new Map();
/** @type {Map<number, import('./sources.js').Source>} By their numbers. */
const sources = new Map();
/** @type {Map<number, ImageBitmap>} Heat maps, by their numbers. */
const heats = new Map();

/** The requests of the page; see `painter.js` and `decoder.js`. @type {Record<string, (asked: any) => void>} */
const ACTS = {
  canvas: ({ pane, canvas }) => contexts.set(pane, canvas.getContext('2d', { alpha: false })),
  film: ({ number, levels }) => sources.set(number, new GreySource(levels, { low: 0, high: 1, bits: 16 })),
  field: ({ number, bitmap }) => sources.set(number, new ColourSource(bitmap)),
  heat: ({ number, bitmap }) => heats.set(number, bitmap),
  decode,
  drop: ({ number }) => [sources, heats].forEach((kept) => kept.delete(number)),
  paint,
};

/** @param {{pane: number, size: import('./painter.js').Pixels, picture: import('./painter.js').Sent | null}} asked */
function paint({ pane, size: { width, height, ratio }, picture }) {
  const context = contexts.get(pane);
  if (!context) return;
  const { canvas } = context;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  context.reset();
  context.scale(ratio, ratio);
  if (picture) drawPicture(context, pane, picture);
  postMessage({ pane });
}

/** @param {OffscreenCanvasRenderingContext2D} context @param {number} pane @param {import('./painter.js').Sent} picture */
function drawPicture(context, pane, { source, heat, placed, laid, above }) {
  const [image, map] = [sources.get(source), heat === null ? null : heats.get(heat) ?? null];
  if (above) aboves.set(pane, above);
  const over = aboves.get(pane);
  if (image) drawPlaced(context, image, placed);
  if (over) drawOverlay(context, laid, { ...over, heat: map });
}

addEventListener('message', ({ data: { act, ...asked } }) => ACTS[act](asked));
