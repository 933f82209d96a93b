// What the system found, drawn over an image. Coordinates as in the result: a box covers [x, x + width); whole numbers of
// an outline are centres of pixels.

import { RIM, STATES } from './palette.js';

/** @typedef {import('../core/types.d.ts').Finding} Finding */
/**
 * A finding as it is drawn.
 * @typedef {object} Mark
 * @property {Finding} finding
 * @property {number} index
 * @property {import('./palette.js').SuspicionState} state
 * @property {{short: string, long: string}} tag
 * @property {boolean} selected
 * @property {boolean} faded Dismissed.
 * @property {boolean} lit Touched just now: it is drawn whatever is hidden.
 */
/** @typedef {{boxes: boolean, outlines: boolean, heat: boolean, tags: boolean, opacity: number}} Overlays What is shown. */

const LINE = 2; // CSS pixels
const TINT = 0.2;
const ROOMY = 90; // CSS pixels
const TYPE = 'system-ui, sans-serif';

/**
 * Draw over an image. The context is transformed to pixels of the image.
 * @param {CanvasRenderingContext2D} context
 * @param {{image: import('./geometry.js').Size, heat: HTMLCanvasElement | null, marks: Mark[]}} what
 * @param {Overlays} shown
 * @param {number} scale CSS pixels for a pixel of the image.
 */
export function drawOverlay(context, { image, heat, marks }, shown, scale) {
  if (shown.heat && heat) {
    context.globalAlpha = shown.opacity;
    context.imageSmoothingEnabled = true;
    context.drawImage(heat, 0, 0, image.width, image.height);
    context.globalAlpha = 1;
  }
  for (const mark of marks) {
    context.globalAlpha = mark.faded && !mark.lit ? 0.45 : 1;
    if (shown.outlines && mark.finding.outline) drawOutline(context, mark, mark.finding.outline, scale);
    if (shown.boxes || mark.lit) drawBox(context, mark, scale);
  }
  for (const mark of marks) if (shown.tags || mark.lit) drawTag(context, mark, scale);
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Mark} mark @param {[number, number][]} outline @param {number} scale */
function drawOutline(context, mark, outline, scale) {
  const line = new Path2D();
  for (const [index, [x, y]] of outline.entries()) line[index ? 'lineTo' : 'moveTo'](x + 0.5, y + 0.5);
  line.closePath();
  const alpha = context.globalAlpha;
  context.globalAlpha = alpha * TINT;
  context.fillStyle = STATES[mark.state].colour;
  context.fill(line);
  context.globalAlpha = alpha;
  stroke(context, line, mark, scale);
}

/** @param {CanvasRenderingContext2D} context @param {Mark} mark @param {number} scale */
function drawBox(context, mark, scale) {
  const { x, y, width, height } = mark.finding.box;
  const line = new Path2D();
  line.rect(x, y, width, height);
  stroke(context, line, mark, scale);
}

/** A line with a dark rim, so that it shows on light tissue and on dark film alike. */
function stroke(/** @type {CanvasRenderingContext2D} */ context, /** @type {Path2D} */ line, /** @type {Mark} */ { state, selected }, /** @type {number} */ scale) {
  const { colour, dash } = STATES[state];
  const wide = (selected ? LINE + 1.5 : LINE) / scale;
  context.setLineDash([]);
  context.lineWidth = wide + 2 / scale;
  context.strokeStyle = RIM;
  context.stroke(line);
  context.setLineDash(dash.map((length) => length / scale));
  context.lineWidth = wide;
  context.strokeStyle = colour;
  context.stroke(line);
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {Mark} mark @param {number} scale */
function drawTag(context, { finding, state, tag, selected, faded }, scale) {
  const size = 13 / scale;
  const { x, y, width, height } = finding.box;
  const words = selected || width * scale > ROOMY ? tag.long : tag.short; // many small marks must not cover the film
  context.globalAlpha = faded ? 0.6 : 1;
  context.font = `600 ${size}px ${TYPE}`;
  const room = context.measureText(words).width + 10 / scale;
  const tall = 20 / scale;
  const above = y - tall - 3 / scale;
  const top = above >= 0 ? above : y + height + 3 / scale;
  const left = Math.min(x, x + width - room / 2);
  context.fillStyle = STATES[state].colour;
  context.strokeStyle = selected ? '#ffffff' : RIM;
  context.lineWidth = (selected ? 2 : 1) / scale;
  context.beginPath();
  context.roundRect(left, top, room, tall, 4 / scale);
  context.fill();
  context.stroke();
  context.fillStyle = RIM;
  context.textBaseline = 'middle';
  context.fillText(words, left + 5 / scale, top + tall / 2);
}
