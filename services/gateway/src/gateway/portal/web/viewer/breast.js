// Where the breast is on a film, so that a pane can be filled with it. Pure.

import { halved } from './samples.js';

/** @typedef {import('./samples.js').Level} Level */
/** @typedef {import('./geometry.js').Box} Box */

const COARSE = 256; // samples: the copy that is searched has no longer side
const BACKGROUND = 0.02; // of all samples are as dark as the background, whatever the film shows
const BLACK = 0.25; // of the brightest tissue: a background that is brighter may be tissue
const FAINTEST = 0.015; // of the range of grey values: skin is hardly brighter than the background
const MARGIN = 0.015; // of the longer side, around what was found
const LEAST = 0.05; // of the film: anything smaller is a label, not a breast
const PART = 0.01; // of the film: a smaller region is a label or dirt, a larger one may be tissue that dark fat cuts off
const MOST = 0.95; // of both sides: nothing worth cropping is left
const WHITE = 0.9; // of the range of grey values: where most of what is bright is as bright, it is no tissue

/** @typedef {{box: Box, tips: {left: Point, right: Point}}} Breast `tips`: where the outline reaches furthest to each side. */
/** @typedef {import('./geometry.js').Point} Point */

/**
 * The box around everything that is brighter than a black background, specks excepted, with a margin; null where there is
 * no breast, nothing to crop, or doubt: where the background is not black, and where what is bright is evenly white, such as
 * the background of a film on which tissue is dark. Wants measured values: a window may have made tissue black.
 * @param {Level} film
 * @returns {Breast | null} In samples of the film.
 */
export function findBreast(film) {
  let level = film;
  while (Math.max(level.width, level.height) > COARSE) level = halved(level);
  const { samples, width, height } = level;
  const sorted = Uint16Array.from(samples).sort();
  const [dark, bright] = [BACKGROUND, 0.99].map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
  const limit = dark + FAINTEST * (bright - dark);
  const regions = regionsOf(level, (at) => samples[at] > limit).filter(({ area }) => area >= PART * samples.length);
  if (dark > BLACK * bright || regions.every(({ area }) => area < LEAST * samples.length)) return null;
  const white = sorted.filter((sample) => sample > dark + WHITE * (bright - dark));
  if (white.length > regions.reduce((sum, { area }) => sum + area, 0) / 2) return null;
  const ends = (/** @type {'x1' | 'x2' | 'y1' | 'y2'} */ side) => regions.map((region) => region[side]);
  const [x1, x2] = widened(Math.min(...ends('x1')), Math.max(...ends('x2')) + 1, width, Math.max(width, height));
  const [y1, y2] = widened(Math.min(...ends('y1')), Math.max(...ends('y2')) + 1, height, Math.max(width, height));
  if (x2 - x1 >= MOST * width && y2 - y1 >= MOST * height) return null;
  const [across, down] = [film.width / width, film.height / height];
  const [largest] = [...regions].sort((a, b) => b.area - a.area);
  const tip = (/** @type {number} */ x, /** @type {number[]} */ rows) => ({ x: x * across, y: (rows.reduce((sum, row) => sum + row, 0) / rows.length + 0.5) * down });
  return {
    box: { x: x1 * across, y: y1 * down, width: (x2 - x1) * across, height: (y2 - y1) * down },
    tips: { left: tip(largest.x1, largest.atLeft), right: tip(largest.x2 + 1, largest.atRight) },
  };
}

/**
 * What a film's picture tells of the breast, in pixels of the image: where it is, and its tip, near which the nipple lies.
 * @param {Level} film
 * @param {{width: number} | undefined} image
 * @param {string | null | undefined} laterality Without it nobody says which side is the chest wall's.
 * @returns {{breast: Box | null, tip: Point | null}}
 */
export function breastOf(film, image, laterality) {
  const found = findBreast(film);
  if (!found) return { breast: null, tip: null };
  const scale = (image?.width ?? film.width) / film.width;
  const { box: { x, y, width, height }, tips } = found;
  const tip = laterality === 'L' ? tips.right : laterality === 'R' ? tips.left : null;
  return { breast: { x: x * scale, y: y * scale, width: width * scale, height: height * scale }, tip: tip && { x: tip.x * scale, y: tip.y * scale } };
}

/** @param {number} from @param {number} to @param {number} room @param {number} longer */
function widened(from, to, room, longer) {
  const margin = MARGIN * longer;
  return [Math.max(0, from - margin), Math.min(room, to + margin)];
}

/**
 * @typedef {{area: number, x1: number, y1: number, x2: number, y2: number, atLeft: number[], atRight: number[]}} Region
 *     `atLeft`, `atRight`: the rows in which it reaches furthest.
 * @param {Level} level
 * @param {(at: number) => boolean} belongs
 * @returns {Region[]}
 */
function regionsOf({ width, height }, belongs) {
  const seen = new Uint8Array(width * height);
  const regions = [];
  for (let start = 0; start < seen.length; start += 1)
    if (!seen[start] && belongs(start)) regions.push(flood(start, width, height, seen, belongs));
  return regions;
}

/** The region of a sample, through its four neighbours. */
function flood(/** @type {number} */ start, /** @type {number} */ width, /** @type {number} */ height, /** @type {Uint8Array} */ seen, /** @type {(at: number) => boolean} */ belongs) {
  /** @type {Region} */
  const region = { area: 0, x1: width, y1: height, x2: 0, y2: 0, atLeft: [], atRight: [] };
  const open = [start];
  seen[start] = 1;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [x, y] = [at % width, Math.floor(at / width)];
    region.area += 1;
    if (x < region.x1) [region.x1, region.atLeft] = [x, []];
    if (x > region.x2) [region.x2, region.atRight] = [x, []];
    if (x === region.x1) region.atLeft.push(y);
    if (x === region.x2) region.atRight.push(y);
    region.y1 = Math.min(region.y1, y);
    region.y2 = Math.max(region.y2, y);
    for (const [next, inside] of /** @type {[number, boolean][]} */ ([[at - 1, x > 0], [at + 1, x < width - 1], [at - width, y > 0], [at + width, y < height - 1]]))
      if (inside && !seen[next] && belongs(next)) {
        seen[next] = 1;
        open.push(next);
      }
  }
  return region;
}
