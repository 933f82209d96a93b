// Measurements of a reader on an image: a length, an ellipse, an angle. Stored in pixels of the image and shown in mm if the
// spacing is known.

import { t } from '../core/words.js';
import { caption } from './caption.js';
import { lengthsOf } from './image.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {'ruler' | 'ellipse' | 'angle'} Kind */
/** @typedef {{kind: Kind, points: Point[], open: boolean}} Measure `points`: of a ruler its ends, of an ellipse two corners of
 *     the box around it, of an angle an end, the corner and the other end. `open`: its last point is not set yet. */

/** @type {string[]} */
export const MEASURING = ['ruler', 'ellipse', 'angle'];
const COLOUR = '#8fe3ff';
const HANDLE = 4; // CSS pixels

/** @param {Measure} measure */
export const isComplete = ({ open }) => !open;

/** The points by which a measure can be taken. @param {Measure} measure */
export const handlesOf = ({ points }) => points;

/**
 * The values of a measure: lengths in mm, µm or pixels, an area in their squares, an angle in degrees.
 * @param {Measure} measure
 * @param {[number, number] | null} spacing Of a row and of a column; null where it is not known.
 * @returns {number[]} Of a ruler its length; of an ellipse width, height and area; of an angle its degrees.
 */
export function sizesOf({ kind, points }, spacing) {
  const [down, across] = spacing ?? [1, 1];
  const [a, b, c = b] = points.map(({ x, y }) => ({ x: x * across, y: y * down }));
  if (kind === 'ruler') return [Math.hypot(b.x - a.x, b.y - a.y)];
  if (kind === 'ellipse') {
    const [width, height] = [Math.abs(b.x - a.x), Math.abs(b.y - a.y)];
    return [width, height, (Math.PI / 4) * width * height];
  }
  const turn = Math.atan2(a.y - b.y, a.x - b.x) - Math.atan2(c.y - b.y, c.x - b.x);
  const degrees = Math.abs((turn * 180) / Math.PI) % 360;
  return [Math.min(degrees, 360 - degrees)];
}

/** The same in words. @param {Measure} measure @param {[number, number] | null} spacing @param {ReturnType<typeof import('./image.js').lengthsOf>['unit']} unit */
export function wordsOf(measure, spacing, unit) {
  const sizes = sizesOf(measure, spacing);
  if (measure.kind === 'angle') return t('tools.degrees', { angle: sizes[0].toFixed(1) });
  const digits = unit === 'pixels' || unit === 'nominal' ? 0 : 1;
  const [length, height, area] = sizes.map((size) => size.toFixed(digits));
  return measure.kind === 'ruler' ? t(`tools.length.${unit}`, { length }) : t(`tools.area.${unit}`, { width: length, height, area });
}

/**
 * @param {CanvasRenderingContext2D} context In CSS pixels of the pane.
 * @param {import('./pane.js').Pane} pane
 * @param {Measure} measure
 * @param {boolean} chosen
 */
export function drawMeasure(context, pane, measure, chosen) {
  const points = measure.points.map((point) => pane.toPane(point));
  const line = new Path2D();
  if (measure.kind === 'ellipse') {
    const [a, b] = points;
    line.ellipse((a.x + b.x) / 2, (a.y + b.y) / 2, Math.abs(b.x - a.x) / 2, Math.abs(b.y - a.y) / 2, 0, 0, 2 * Math.PI);
  } else for (const [index, { x, y }] of points.entries()) line[index ? 'lineTo' : 'moveTo'](x, y);
  for (const [style, width] of /** @type {[string, number][]} */ ([['rgb(0 0 0 / 65%)', 4], [COLOUR, chosen ? 2 : 1.5]])) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke(line);
  }
  context.fillStyle = COLOUR;
  for (const { x, y } of points) {
    context.beginPath();
    context.arc(x, y, chosen ? HANDLE : HANDLE - 1.5, 0, 2 * Math.PI);
    context.fill();
  }
  const { spacing, unit } = lengthsOf(pane.viewed);
  const lowest = points.reduce((low, point) => (point.y > low.y ? point : low));
  caption(context, wordsOf(measure, spacing, unit), { x: lowest.x, y: lowest.y + 20 });
}
