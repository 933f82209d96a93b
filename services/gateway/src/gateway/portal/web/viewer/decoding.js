// Web worker that rotates a film's samples for hanging and makes coarser copies. On the page's thread, this work would delay input.

import { unpacked } from './overview.js';
import { levelsOf } from './samples.js';
import { turnPoint, turnedSize } from './turn.js';

/** @typedef {import('../core/types.d.ts').Hanging} Hanging */
/** @typedef {import('./geometry.js').Size} Size */
/** @typedef {import('./samples.js').Level} Level */

/** @param {any} asked See `decoder.js`. */
export function decode({ number, buffer, size, hanging }) {
  const { samples, facts, ...own } = size ? { samples: new Uint16Array(buffer), facts: null, ...size } : unpacked(buffer);
  const levels = levelsOf(turnSamples(samples, own, hanging));
  const copies = levels.map((level) => ({ ...level, samples: level.samples.slice() })); // for the worker that paints
  const transfer = [...levels, ...copies].map((level) => level.samples.buffer);
  postMessage({ number, levels, copies, facts }, { transfer });
}

/**
 * Samples as they hang; with their new size.
 * @param {Uint16Array} samples Row by row.
 * @param {Size} size
 * @param {Hanging | null | undefined} hanging
 * @returns {Level}
 */
export function turnSamples(samples, size, hanging) {
  if (!hanging) return { samples, width: size.width, height: size.height };
  const hung = turnedSize(size, hanging);
  const place = (/** @type {number} */ x, /** @type {number} */ y) => {
    const [column, row] = turnPoint([x + 0.5, y + 0.5], size, hanging).map(Math.floor);
    return row * hung.width + column;
  };
  const first = place(0, 0);
  const [across, down] = [place(1, 0) - first, place(0, 1) - first];
  const turned = new Uint16Array(samples.length);
  for (let row = 0, from = 0; row < size.height; row += 1)
    for (let column = 0, to = first + row * down; column < size.width; column += 1, to += across, from += 1) turned[to] = samples[from];
  return { samples: turned, ...hung };
}
