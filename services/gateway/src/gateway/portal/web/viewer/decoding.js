// Web worker that rotates a film's samples for hanging and makes coarser copies. On the page's thread, this work would delay input.

import { unpacked } from './overview.js';
import { levelsOf } from './samples.js';
import { turnSamples } from './turn.js';

/** @param {any} asked See `decoder.js`. */
export function decode({ number, buffer, size, hanging }) {
  const { samples, facts, ...own } = size ? { samples: new Uint16Array(buffer), facts: null, ...size } : unpacked(buffer);
  const levels = levelsOf(turnSamples(samples, own, hanging));
  const copies = levels.map((level) => ({ ...level, samples: level.samples.slice() })); // for the worker that paints
  const transfer = [...levels, ...copies].map((level) => level.samples.buffer);
  postMessage({ number, levels, copies, facts }, { transfer });
}
