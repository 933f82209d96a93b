// Local contrast and edges of a film. Pure.

/** @typedef {import('./samples.js').Level} Level */

const TILES = 8; // across and down
const BINS = 256;
const LIMIT = 2.5; // times the mean of a histogram: what is more in one bin is spread over all
const REACH = 0.0025; // of the longer side: the neighbourhood from which an edge stands out
const AMOUNT = 1.2;

/**
 * Contrast-limited adaptive histogram equalization (Zuiderveld, Graphics Gems IV, 1994), within a window: what is darker or
 * brighter stays as it is.
 * @param {Level} level
 * @param {{low: number, high: number}} window
 * @returns {Uint16Array | Uint8Array}
 */
export function equalized({ samples, width, height }, { low, high }) {
  const range = Math.max(1, high - low);
  const binOf = (/** @type {number} */ sample) => Math.min(BINS - 1, Math.max(0, Math.floor(((sample - low) / range) * BINS)));
  const curves = curvesOf({ samples, width, height }, binOf);
  const out = samples instanceof Uint8Array ? new Uint8Array(samples.length) : new Uint16Array(samples.length);
  const across = placesOf(width);
  const down = placesOf(height);
  for (let y = 0, at = 0; y < height; y += 1) {
    const row = down[y];
    const [above, below] = [row.first * TILES, row.second * TILES];
    for (let x = 0; x < width; x += 1, at += 1) {
      const sample = samples[at];
      if (sample <= low || sample >= high) {
        out[at] = sample;
        continue;
      }
      const place = across[x];
      const bin = binOf(sample);
      const top = curves[above + place.first][bin] * (1 - place.share) + curves[above + place.second][bin] * place.share;
      const bottom = curves[below + place.first][bin] * (1 - place.share) + curves[below + place.second][bin] * place.share;
      const within = (sample - low) / range - bin / BINS; // what the bins lose
      out[at] = low + (top * (1 - row.share) + bottom * row.share + within) * range;
    }
  }
  return out;
}

/** The curve of each tile, from bin to share of the window. @param {Level} level @param {(sample: number) => number} binOf */
function curvesOf({ samples, width, height }, binOf) {
  const curves = [];
  for (let tile = 0; tile < TILES * TILES; tile += 1) {
    const [column, row] = [tile % TILES, Math.floor(tile / TILES)];
    const counts = new Float64Array(BINS);
    let total = 0;
    for (let y = Math.floor((row * height) / TILES); y < Math.floor(((row + 1) * height) / TILES); y += 1)
      for (let x = Math.floor((column * width) / TILES); x < Math.floor(((column + 1) * width) / TILES); x += 1) {
        const bin = binOf(samples[y * width + x]);
        if (bin === 0 || bin === BINS - 1) continue; // background and what is white already
        counts[bin] += 1;
        total += 1;
      }
    curves.push(curveOf(counts, total));
  }
  return curves;
}

/** A limited, cumulated histogram; the identity where there is nothing to equalize. @param {Float64Array} counts @param {number} total */
function curveOf(counts, total) {
  const curve = new Float32Array(BINS);
  if (total < BINS) return curve.map((_, bin) => bin / BINS);
  const most = (LIMIT * total) / BINS;
  const over = counts.reduce((sum, count) => sum + Math.max(0, count - most), 0) / BINS;
  let sum = 0;
  for (let bin = 0; bin < BINS; bin += 1) {
    curve[bin] = sum / total;
    sum += Math.min(counts[bin], most) + over;
  }
  return curve;
}

/** For each place along a side the two tiles whose middles it lies between, and how near it is to the second. @param {number} length */
function placesOf(length) {
  return Array.from({ length }, (_, at) => {
    const place = Math.min(TILES - 1, Math.max(0, ((at + 0.5) * TILES) / length - 0.5));
    const first = Math.floor(place);
    return { first, second: Math.min(TILES - 1, first + 1), share: place - first };
  });
}

/**
 * Unsharp masking: what differs from its neighbourhood differs more.
 * @param {Level} level
 * @returns {Uint16Array | Uint8Array}
 */
export function sharpened({ samples, width, height }) {
  const reach = Math.max(1, Math.round(REACH * Math.max(width, height)));
  const blurred = meansDown(meansAcross(samples, width, height, reach), width, height, reach);
  const most = samples instanceof Uint8Array ? 255 : 65535;
  const out = samples instanceof Uint8Array ? new Uint8Array(samples.length) : new Uint16Array(samples.length);
  for (let at = 0; at < samples.length; at += 1) out[at] = Math.min(most, Math.max(0, samples[at] + AMOUNT * (samples[at] - blurred[at])));
  return out;
}

/** @param {ArrayLike<number>} samples @param {number} width @param {number} height @param {number} reach */
function meansAcross(samples, width, height, reach) {
  const means = new Float32Array(width * height);
  const count = 2 * reach + 1;
  for (let row = 0; row < width * height; row += width) {
    const valueAt = (/** @type {number} */ x) => samples[row + Math.min(width - 1, Math.max(0, x))];
    let sum = 0;
    for (let x = -reach; x <= reach; x += 1) sum += valueAt(x);
    for (let x = 0; x < width; x += 1) {
      means[row + x] = sum / count;
      sum += valueAt(x + reach + 1) - valueAt(x - reach);
    }
  }
  return means;
}

/** @param {Float32Array} samples @param {number} width @param {number} height @param {number} reach */
function meansDown(samples, width, height, reach) {
  const means = new Float32Array(width * height);
  const sums = new Float64Array(width);
  const rowOf = (/** @type {number} */ y) => Math.min(height - 1, Math.max(0, y)) * width;
  for (let y = -reach; y <= reach; y += 1) for (let x = 0; x < width; x += 1) sums[x] += samples[rowOf(y) + x];
  for (let y = 0; y < height; y += 1)
    for (let x = 0, [row, next, last] = [y * width, rowOf(y + reach + 1), rowOf(y - reach)]; x < width; x += 1) {
      means[row + x] = sums[x] / (2 * reach + 1);
      sums[x] += samples[next + x] - samples[last + x];
    }
  return means;
}
