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
const THIN = 2; // samples to each side: lines no wider than twice as much join the breast with frames and edges of the scan
const WHITE = 0.9; // of the range of grey values: where most of what is bright is as bright, it is no tissue
const FRAME = { reach: 0.12, bright: 0.77, share: 0.6, step: 0.08, beyond: 4 }; // as the worker cuts frames off (films/frames.py)

/** @typedef {{box: Box, tips: {left: Point, right: Point}}} Breast `tips`: where the outline reaches furthest to each side. */
/** @typedef {import('./geometry.js').Point} Point */

/**
 * The box around everything that is brighter than a black background, with a margin; specks, thin lines, white frames and
 * labels beside the breast are left out. Null if there is no breast, nothing to crop, or doubt: if the background is not black,
 * or if what is bright is evenly white, such as the background of a film on which tissue is dark. Wants measured values: a window
 * may have made tissue black.
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
  const inner = withoutFrame(level, dark, sorted[Math.floor(0.999 * (sorted.length - 1))]);
  const within = (/** @type {number} */ at) => at % width >= inner.x1 && at % width < inner.x2 && at >= inner.y1 * width && at < inner.y2 * width;
  const tissue = opened(Uint8Array.from(samples, (sample, at) => Number(sample > limit && within(at))), width, height);
  const found = regionsOf(level, (at) => tissue[at] === 1).filter(({ area }) => area >= PART * samples.length);
  const regions = withoutLabels(found, LEAST * samples.length);
  if (dark > BLACK * bright || regions.every(({ area }) => area < LEAST * samples.length)) return null;
  const white = samples.filter((sample, at) => sample > dark + WHITE * (bright - dark) && within(at));
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
 * What a white frame of a scanner leaves: lines at an edge that are mostly bright and end in a step. Bright tissue at the chest
 * wall fades instead.
 * @param {Level} level @param {number} dark @param {number} bright
 */
function withoutFrame({ samples, width, height }, dark, bright) {
  const grey = (/** @type {number} */ at) => (samples[at] - dark) / Math.max(bright - dark, 1);
  const row = (/** @type {number} */ y) => Array.from({ length: width }, (_, x) => grey(y * width + x));
  const column = (/** @type {number} */ x) => Array.from({ length: height }, (_, y) => grey(y * width + x));
  const [across, down] = [Math.floor(FRAME.reach * width), Math.floor(FRAME.reach * height)];
  return {
    x1: frameDepth(across, column),
    x2: width - frameDepth(across, (x) => column(width - 1 - x)),
    y1: frameDepth(down, row),
    y2: height - frameDepth(down, (y) => row(height - 1 - y)),
  };
}

/** How many of the outermost lines a frame covers, its blurred rim among them. @param {number} limit @param {(number: number) => number[]} line */
function frameDepth(limit, line) {
  const lines = Array.from({ length: limit + 1 }, (_, number) => line(number));
  for (let at = limit; at >= 0; at -= 1) {
    if (lines[at].filter((value) => value > FRAME.bright).length <= FRAME.share * lines[at].length) continue;
    const beyond = lines[Math.min(at + FRAME.beyond, limit)];
    const steps = beyond.map((value, place) => Math.abs(value - lines[at][place])).sort((one, other) => one - other);
    if (steps[Math.floor(steps.length / 2)] > FRAME.step) return at + 2;
  }
  return 0;
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

/** A mask without what is thin: what an erosion and a dilation by squares leave. @param {Uint8Array} mask @param {number} width @param {number} height */
function opened(mask, width, height) {
  const along = (/** @type {Uint8Array} */ from, /** @type {number} */ step, /** @type {(at: number) => number} */ place, /** @type {number} */ length, /** @type {number} */ value) =>
    from.map((_, at) => {
      for (let off = -THIN; off <= THIN; off += 1) {
        const there = place(at) + off;
        const sample = there < 0 || there >= length ? 0 : from[at + off * step];
        if (sample === value) return value;
      }
      return 1 - value;
    });
  const column = (/** @type {number} */ at) => at % width;
  const row = (/** @type {number} */ at) => Math.floor(at / width);
  const both = (/** @type {Uint8Array} */ from, /** @type {number} */ value) => along(along(from, 1, column, width, value), width, row, height, value);
  return both(both(mask, 0), 1);
}

/**
 * Small regions beside the breast are labels and remains of frames. Those above or below it may be its axilla.
 * @param {Region[]} regions @param {number} least The area of a region that is no label.
 */
function withoutLabels(regions, least) {
  const [largest] = [...regions].sort((one, other) => other.area - one.area);
  const shared = (/** @type {Region} */ { x1, x2 }) => Math.min(x2, largest.x2) - Math.max(x1, largest.x1) + 1;
  return regions.filter((region) => region.area >= least || shared(region) >= (region.x2 - region.x1 + 1) / 2);
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
