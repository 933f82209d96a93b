// Draws findings over an image. Coordinates as in the result: a box covers [x, x + width); whole numbers of
// an outline are centres of pixels.

import { isCalcification } from '../core/kinds.js';
import { drawBand } from './band-mark.js';
import { toPane } from './geometry.js';
import { drawOwnTag, drawPill, inPane, strokeOwn } from './own-marks.js';
import { RIM, STATES } from './palette.js';
import { drawRegions } from './region-marks.js';
import { placeTags } from './tags.js';
import { matrixOf, turnPoint } from './turn.js';

/** @typedef {import('../core/types.d.ts').Finding} Finding */
/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./sources.js').Context} Context */
/**
 * The position of an image in a pane.
 * @typedef {object} Laid
 * @property {import('./geometry.js').Size} imageSize
 * @property {import('../core/types.d.ts').Hanging} turn
 * @property {import('./geometry.js').Transform} transform
 * @property {import('./geometry.js').Size} size Of the pane in CSS pixels.
 */
/** @typedef {Laid & {toPane: (point: Point) => Point}} Pane */
/**
 * The overlays of an image.
 * @typedef {object} Above
 * @property {Mark[]} marks
 * @property {import('./own.js').OwnMark[]} own
 * @property {import('./pane.js').Shown['band']} band
 * @property {Overlays} overlays
 * @property {import('./region-marks.js').TissueRegion[]} regions
 */
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
/** @typedef {{boxes: boolean, outlines: boolean, heat: boolean, difference: boolean, tags: boolean, opacity: number}} Overlays What is shown. */

const LINE = 2; // CSS pixels
const ROOMY = 90; // CSS pixels
const TALL = 20; // CSS pixels: a tag
const TYPE = 'system-ui, sans-serif';
const CUT = [[0, 0.25], [0.25, 0], [0.75, 0], [1, 0.25], [1, 0.75], [0.75, 1], [0.25, 1], [0, 0.75]]; // of a box, as in the report
const SMOOTHED = 0.02; // of an outline: the stretch that is averaged

/**
 * Draw over the image of a pane.
 * @param {Context} context In CSS pixels of the pane.
 * @param {Laid} laid
 * @param {Above & {heat: ImageBitmap | null}} what `heat`: the heat map, or the difference from the other breast.
 */
export function drawOverlay(context, laid, { heat, marks, own, band, overlays: shown, regions }) {
  const pane = { ...laid, toPane: (/** @type {Point} */ point) => placeOf(point, laid) };
  drawBand(context, pane, band);
  if (heat) drawHeat(context, pane, heat, { shown, regions });
  for (const mark of marks) {
    context.globalAlpha = mark.faded && !mark.lit ? 0.45 : 1;
    const outline = shown.outlines ? mark.finding.outline : null;
    if (outline) stroke(context, outlineOf(pane, outline), mark);
    if ((shown.boxes && !outline) || mark.lit) stroke(context, boxOf(pane, mark.finding), mark);
  }
  context.globalAlpha = 1;
  for (const mark of own) if (shown.outlines || mark.selected) strokeOwn(context, pane, mark, mark.selected);
  drawTags(context, pane, marks.filter(({ lit }) => shown.tags || lit), shown.tags ? own : []);
}

/** The position of a point of an image in its pane. @param {Point} point @param {Laid} laid @returns {Point} */
export function placeOf({ x, y }, { imageSize, turn, transform }) {
  const [turnedX, turnedY] = turnPoint([x, y], imageSize, turn);
  return toPane(transform, { x: turnedX, y: turnedY });
}

/** The tags of all marks, none over another. @param {Context} context @param {Pane} pane @param {Mark[]} marks @param {import('./own.js').OwnMark[]} own */
function drawTags(context, pane, marks, own) {
  context.font = `600 13px ${TYPE}`;
  context.textBaseline = 'middle';
  const tagged = marks.map((mark) => ({ mark, ...tagOf(context, pane, mark) }));
  const letters = own.map((mark) => ({ mark: null, box: inPane(pane, mark.box), words: mark.letter, width: TALL, height: TALL, first: mark.selected }));
  for (const placed of placeTags([...tagged, ...letters], pane.size)) {
    if (placed.mark) drawTag(context, /** @type {import('./tags.js').Placed<(typeof tagged)[number]>} */ (placed));
    else drawOwnTag(context, placed);
  }
  context.globalAlpha = 1;
}

/** @param {Context} context @param {Pane} pane @param {ImageBitmap} heat @param {{shown: Overlays, regions: Above['regions']}} above */
function drawHeat(context, pane, heat, { shown, regions }) {
  const { transform, imageSize, turn } = pane;
  context.save();
  context.globalAlpha = shown.opacity;
  context.translate(transform.x, transform.y);
  context.scale(transform.scale, transform.scale);
  const [a, b, c, d, e, f] = matrixOf(imageSize, turn);
  context.transform(a, b, c, d, e, f);
  context.drawImage(heat, 0, 0, imageSize.width, imageSize.height);
  context.restore();
  if (shown.heat) drawRegions(context, pane, regions);
}

/** A smooth closed line: the middles of its points' neighbourhoods, joined by curves. @param {Pane} pane @param {[number, number][]} outline */
function outlineOf(pane, outline) {
  const points = smoothed(outline).map(([x, y]) => pane.toPane({ x: x + 0.5, y: y + 0.5 }));
  const between = (/** @type {number} */ at) => {
    const [one, next] = [points[at % points.length], points[(at + 1) % points.length]];
    return { x: (one.x + next.x) / 2, y: (one.y + next.y) / 2 };
  };
  const line = new Path2D();
  const first = between(0);
  line.moveTo(first.x, first.y);
  for (let at = 1; at <= points.length; at += 1) {
    const [corner, to] = [points[at % points.length], between(at)];
    line.quadraticCurveTo(corner.x, corner.y, to.x, to.y);
  }
  line.closePath();
  return line;
}

/** @type {WeakMap<[number, number][], [number, number][]>} */
const smooth = new WeakMap();

/**
 * An outline without the steps of its pixels: each point is the mean of its neighbours along a fiftieth of the line.
 * @param {[number, number][]} outline
 * @returns {[number, number][]}
 */
export function smoothed(outline) {
  const known = smooth.get(outline);
  if (known) return known;
  const reach = Math.floor((outline.length * SMOOTHED) / 2);
  /** @type {[number, number][]} */
  const means = outline.map((_, at) => {
    let [x, y] = [0, 0];
    for (let by = -reach; by <= reach; by += 1) {
      const point = outline[(at + by + outline.length) % outline.length];
      [x, y] = [x + point[0], y + point[1]];
    }
    return [x / (2 * reach + 1), y / (2 * reach + 1)];
  });
  smooth.set(outline, means);
  return means;
}

/** A box, without its corners around calcifications. @param {Pane} pane @param {Finding} finding */
function boxOf(pane, finding) {
  const { x, y, width, height } = inPane(pane, finding.box);
  const line = new Path2D();
  if (!isCalcification(finding)) line.rect(x, y, width, height);
  else {
    for (const [right, down] of CUT) line.lineTo(x + right * width, y + down * height);
    line.closePath();
  }
  return line;
}

/** A line with a dark rim, so that it shows on light tissue and on dark film alike. */
function stroke(/** @type {Context} */ context, /** @type {Path2D} */ line, /** @type {Mark} */ { state, selected }) {
  const { colour, dash } = STATES[state];
  const wide = selected ? LINE + 1.5 : LINE;
  context.setLineDash([]);
  context.lineWidth = wide + 2;
  context.strokeStyle = RIM;
  context.stroke(line);
  context.setLineDash(dash);
  context.lineWidth = wide;
  context.strokeStyle = colour;
  context.stroke(line);
  context.setLineDash([]);
}

/** The words of a tag and the room that they take; many small marks must not cover the film. @param {Context} context @param {Pane} pane @param {Mark} mark */
function tagOf(context, pane, { finding, tag, selected }) {
  const box = inPane(pane, finding.box);
  const words = (isCalcification(finding) ? '∴ ' : '') + (selected || box.width > ROOMY ? tag.long : tag.short);
  return { box, words, width: Math.max(TALL, context.measureText(words).width + 10), height: TALL, first: selected };
}

/** @param {Context} context @param {import('./tags.js').Placed<ReturnType<typeof tagOf> & {mark: Mark}>} placed */
function drawTag(context, placed) {
  const { mark: { state, selected, faded }, lead } = placed;
  context.globalAlpha = faded ? 0.6 : 1;
  if (lead) {
    context.strokeStyle = STATES[state].colour;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(lead.from.x, lead.from.y);
    context.lineTo(lead.to.x, lead.to.y);
    context.stroke();
  }
  drawPill(context, placed, { ground: STATES[state].colour, ink: RIM, edge: selected ? '#ffffff' : RIM, wide: selected ? 2 : 1 });
}
