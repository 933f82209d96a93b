// Finds the marker that names side and view on a film: letters of lead or of the detector, in the air beside the breast. Pure.

import { halved } from './samples.js';

/** @typedef {import('./samples.js').Level} Level */
/** @typedef {import('../core/types.d.ts').Box} Box */
/** @typedef {{left: number, top: number, right: number, bottom: number, count: number}} Blob Whole samples of a level. */

const COARSE = 256; // samples of the longer side
const LIT = 0.15; // of the range between air and the brightest: less is air
/** Shares of the longer side of the film. */
const FRAME = 0.015; // the unexposed edge of a film
const LETTER = 0.2; // no letter is larger; tissue is
const APART = 0.025; // between the letters of a marker
const LEAST = 0.03; // of a marker
const MOST = 0.22;
const CORNER = 0.035; // where the round corners of a film are
/** Of the width of the breast: a marker may stand above the nipple. */
const NIPPLE = 0.15;

/**
 * The box of the largest structure that looks like a marker. The side in the file is not used, because the marker may contradict it.
 * @param {Level} level
 * @param {Box | null} breast In shares of width and height; null where it is not known.
 * @returns {Box | null} The same; null where nothing looks like a marker.
 */
export function markerOf(level, breast) {
  while (Math.max(level.width, level.height) > COARSE) level = halved(level);
  const { width, height } = level;
  const unit = Math.max(width, height);
  const letters = blobs(litOf(level, Math.round(FRAME * unit)), width, height).filter((blob) => blob.count > 1 && lengthOf(blob) <= LETTER * unit);
  const found = joined(letters, APART * unit)
    .filter((blob) => isMarker(blob, unit) && !isCorner(blob, width, height))
    .filter(({ left, right }) => !breast || isBeside((left + right) / 2 / width, breast))
    .sort((one, other) => other.count - one.count);
  return found.length ? { x: found[0].left / width, y: found[0].top / height, width: wide(found[0]) / width, height: high(found[0]) / height } : null;
}

const wide = (/** @type {Blob} */ { left, right }) => right - left;
const high = (/** @type {Blob} */ { top, bottom }) => bottom - top;
const lengthOf = (/** @type {Blob} */ blob) => Math.max(wide(blob), high(blob));

/** @param {Blob} blob @param {number} unit */
const isMarker = (blob, unit) => lengthOf(blob) >= LEAST * unit && lengthOf(blob) <= MOST * unit && Math.min(wide(blob), high(blob)) >= (LEAST / 2) * unit;

/** Whether a structure is the rest of a round corner of the film. @param {Blob} blob @param {number} width @param {number} height */
function isCorner(blob, width, height) {
  const near = CORNER * Math.max(width, height);
  const [across, down] = [Math.min(blob.left, width - blob.right), Math.min(blob.top, height - blob.bottom)];
  return across < near && down < near && lengthOf(blob) < 2 * LEAST * Math.max(width, height);
}

/** Whether a position lies beyond the nipple, as seen from the chest wall, or nearly. @param {number} x @param {Box} breast */
function isBeside(x, breast) {
  const onRight = breast.x + breast.width / 2 > 0.5;
  return onRight ? x < breast.x + NIPPLE * breast.width : x > breast.x + (1 - NIPPLE) * breast.width;
}

/** The samples that are brighter than air, without the frame. @param {Level} level @param {number} frame */
function litOf({ samples, width, height }, frame) {
  const sorted = samples.slice().sort();
  const [dark, bright] = [0.05, 0.995].map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
  const limit = dark + LIT * (bright - dark);
  const lit = new Uint8Array(samples.length);
  for (let row = frame; row < height - frame; row += 1)
    for (let column = frame; column < width - frame; column += 1) lit[row * width + column] = samples[row * width + column] > limit ? 1 : 0;
  return lit;
}

/** The connected structures. @param {Uint8Array} lit @param {number} width @param {number} height @returns {Blob[]} */
function blobs(lit, width, height) {
  const found = [];
  for (let start = 0; start < lit.length; start += 1) {
    if (!lit[start]) continue;
    const blob = { left: width, top: height, right: 0, bottom: 0, count: 0 };
    const next = [start];
    lit[start] = 0;
    while (next.length) {
      const at = /** @type {number} */ (next.pop());
      const [x, y] = [at % width, Math.floor(at / width)];
      blob.left = Math.min(blob.left, x);
      blob.top = Math.min(blob.top, y);
      blob.right = Math.max(blob.right, x + 1);
      blob.bottom = Math.max(blob.bottom, y + 1);
      blob.count += 1;
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row += 1)
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column += 1) {
          const other = row * width + column;
          if (lit[other]) next.push(other);
          lit[other] = 0;
        }
    }
    found.push(blob);
  }
  return found;
}

/** Letters that stand together, as one. @param {Blob[]} letters @param {number} apart @returns {Blob[]} */
function joined(letters, apart) {
  const words = [...letters];
  for (let one = 0; one < words.length; one += 1)
    for (let other = one + 1; other < words.length; other += 1) {
      const [a, b] = [words[one], words[other]];
      if (b.left - a.right > apart || a.left - b.right > apart || b.top - a.bottom > apart || a.top - b.bottom > apart) continue;
      words[one] = { left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom), count: a.count + b.count };
      words.splice(other, 1);
      other = one; // it may reach others now
    }
  return words;
}
