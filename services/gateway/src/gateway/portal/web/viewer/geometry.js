// Where an image lies in its pane: screen = image * scale + (x, y), in CSS pixels from the pane's upper left corner.
// Image coordinates are continuous: pixel k covers [k, k + 1).

/** @typedef {{width: number, height: number}} Size */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {{scale: number, x: number, y: number}} Transform `scale` in CSS pixels for a pixel of the image. */
/** @typedef {{x1: number, y1: number, x2: number, y2: number}} Area In pixels of the image. */
/** @typedef {'left' | 'right' | 'centre'} Side Of the pane, where the chest wall is hung. */
/** @typedef {import('../core/types.d.ts').Box} Box */

export const MOST_ZOOM = 32; // CSS pixels for a pixel of the image
const FRAMED = 0.3; // of a pane: a finding is shown with what lies around it
const MOST_FRAMED = 5; // times fitted
const STRIP = 40; // CSS pixels of an image that stay in its pane

/** The largest scale at which a part of an image fits a pane. */
export const fitScale = (/** @type {Size} */ part, /** @type {Size} */ pane) => Math.min(pane.width / part.width, pane.height / part.height);

/**
 * A part of an image in a pane, its chest wall at a side of the pane.
 * @param {Box} part
 * @param {Size} pane
 * @param {Side} side
 * @returns {Transform}
 */
export function fit(part, pane, side = 'centre', scale = fitScale(part, pane)) {
  const free = pane.width - part.width * scale;
  const left = { left: 0, right: free, centre: free / 2 }[side];
  return { scale, x: left - part.x * scale, y: (pane.height - part.height * scale) / 2 - part.y * scale };
}

/**
 * Zoom around a point of the pane, between a quarter of the fitted size and MOST_ZOOM.
 * @param {Transform} transform
 * @param {number} factor
 * @param {Point} at
 * @param {Transform} fitted
 * @returns {Transform}
 */
export function zoom(transform, factor, at, fitted) {
  const scale = Math.min(Math.max(transform.scale * factor, fitted.scale / 4), Math.max(MOST_ZOOM, fitted.scale));
  const ratio = scale / transform.scale;
  return { scale, x: at.x - (at.x - transform.x) * ratio, y: at.y - (at.y - transform.y) * ratio };
}

/**
 * Shift, but never so far that less than a strip of the image is left in the pane.
 * @param {Transform} transform
 * @param {Point} by
 * @param {Size} image
 * @param {Size} pane
 * @returns {Transform}
 */
export function pan({ scale, x, y }, by, image, pane) {
  const clamp = (/** @type {number} */ value, /** @type {number} */ size, /** @type {number} */ room) =>
    Math.min(Math.max(value, STRIP - size), room - STRIP);
  return { scale, x: clamp(x + by.x, image.width * scale, pane.width), y: clamp(y + by.y, image.height * scale, pane.height) };
}

/**
 * Bring a box of the image into the middle of the pane, with the tissue around it.
 * @param {Box} box
 * @param {Size} pane
 * @param {Transform} fitted
 * @param {number} [most] How much larger than fitted, at most.
 * @returns {Transform}
 */
export function frame(box, pane, fitted, most = MOST_FRAMED) {
  const wanted = Math.min((pane.width * FRAMED) / box.width, (pane.height * FRAMED) / box.height);
  const scale = Math.min(Math.max(wanted, fitted.scale), most * fitted.scale, MOST_ZOOM);
  const centre = centreOf(box);
  return { scale, x: pane.width / 2 - centre.x * scale, y: pane.height / 2 - centre.y * scale };
}

/** The part of the image that can be seen, clipped to the image. */
export function visible(/** @type {Transform} */ transform, /** @type {Size} */ image, /** @type {Size} */ pane) {
  const left = (0 - transform.x) / transform.scale;
  const top = (0 - transform.y) / transform.scale;
  return {
    x1: Math.max(0, left),
    y1: Math.max(0, top),
    x2: Math.min(image.width, left + pane.width / transform.scale),
    y2: Math.min(image.height, top + pane.height / transform.scale),
  };
}

/** Where a point of the pane lies in the image. @param {Transform} transform @param {Point} point @returns {Point} */
export const toImage = ({ scale, x, y }, point) => ({ x: (point.x - x) / scale, y: (point.y - y) / scale });

/** Where a point of the image lies in the pane. @param {Transform} transform @param {Point} point @returns {Point} */
export const toPane = ({ scale, x, y }, point) => ({ x: x + point.x * scale, y: y + point.y * scale });

/** @param {Box} box @returns {Point} */
export const centreOf = (box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });

/** Whether a point lies in a box. @param {Box} box @param {Point} point */
export const holds = (box, { x, y }) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;

/** The smallest box around two. @param {Box} a @param {Box} b @returns {Box} */
export function around(a, b) {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}
