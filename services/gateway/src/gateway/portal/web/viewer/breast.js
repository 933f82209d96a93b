// Where the breast is on a film, so that a pane can be filled with it. Pure.

import { halved } from './samples.js';

/** @typedef {import('./samples.js').Level} Level */
/** @typedef {import('./geometry.js').Box} Box */

const COARSE = 256; // samples: the copy that is searched has no longer side
const BACKGROUND = 0.02; // of all samples are as dark as the background, whatever the film shows
const BLACK = 0.25; // of the brightest tissue: a background that is brighter may be tissue
const FAINTEST = 0.015; // of the range of grey values: skin is hardly brighter than the background
const MARGIN = 0.03; // of the longer side, around what was found
const LEAST = 0.05; // of the film: anything smaller is a label, not a breast
const PART = 0.01; // of the film: a smaller region is a label or dirt, a larger one may be tissue that dark fat cuts off
const MOST = 0.95; // of both sides: nothing worth cropping is left
const WHITE = 0.9; // of the range of grey values: where most of what is bright is as bright, it is no tissue

/**
 * The box around everything that is brighter than a black background, specks excepted, with a margin; null where there is
 * no breast, nothing to crop, or doubt: where the background is not black, and where what is bright is evenly white, such as
 * the background of a film on which tissue is dark. Wants measured values: a window may have made tissue black.
 * @param {Level} film
 * @returns {Box | null} In samples of the film.
 */
export function breastBox(film) {
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
  return { x: x1 * across, y: y1 * down, width: (x2 - x1) * across, height: (y2 - y1) * down };
}

/** The same in pixels of the image. @param {Level} film @param {{width: number} | undefined} image */
export function breastOf(film, image) {
  const found = breastBox(film);
  const scale = (image?.width ?? film.width) / film.width;
  return found && { x: found.x * scale, y: found.y * scale, width: found.width * scale, height: found.height * scale };
}

/** @param {number} from @param {number} to @param {number} room @param {number} longer */
function widened(from, to, room, longer) {
  const margin = MARGIN * longer;
  return [Math.max(0, from - margin), Math.min(room, to + margin)];
}

/**
 * @typedef {{area: number, x1: number, y1: number, x2: number, y2: number}} Region
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
  const region = { area: 0, x1: width, y1: height, x2: 0, y2: 0 };
  const open = [start];
  seen[start] = 1;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [x, y] = [at % width, Math.floor(at / width)];
    region.area += 1;
    region.x1 = Math.min(region.x1, x);
    region.x2 = Math.max(region.x2, x);
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

/** The smallest box around two. @param {Box} a @param {Box} b @returns {Box} */
export function around(a, b) {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}
