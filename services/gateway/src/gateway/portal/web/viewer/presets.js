// The selectable windows: those in the film's file, those computed from its tissue, and the inverted display.

import { t } from '../core/words.js';
import { halved } from './samples.js';

/** @typedef {import('./window.js').Window} Window */
/** @typedef {import('./sources.js').GreySource} GreySource */
/** @typedef {{name: string, window: Window}} Preset */

const COARSE = 256; // samples: the copy that is measured has no longer side
/** Of the tissue's samples, in order: what is black and what is white. @type {Record<'tissue' | 'dense', [number, number]>} */
const SHARES = { tissue: [0.02, 0.998], dense: [0.5, 0.999] };
const AIR = 0.04; // of the range between background and brightest tissue: darker is no tissue

/** @type {WeakMap<GreySource, Preset[]>} */
const known = new WeakMap();

/** The windows of a film to choose from. @param {GreySource} source @returns {Preset[]} */
export function presetsOf(source) {
  const presets = known.get(source) ?? [...ofFile(source), ...ofTissue(source), inverse(source)];
  known.set(source, presets);
  return presets;
}

/** @param {GreySource} source @returns {Preset[]} */
function ofFile({ windows, first }) {
  if (!windows.length) return [{ name: t('tools.preset.first'), window: { ...first, inverted: false } }];
  return windows.map(({ low, high, name }, index) => ({ name: name || t('reading.windows.unnamed', { number: index + 1 }), window: { low, high, inverted: false } }));
}

/** @param {GreySource} source @returns {Preset} */
const inverse = ({ first }) => ({ name: t('tools.preset.inverted'), window: { ...first, inverted: true } });

/** @param {GreySource} source @returns {Preset[]} */
function ofTissue({ levels: [level] }) {
  while (Math.max(level.width, level.height) > COARSE) level = halved(level);
  const sorted = level.samples.slice().sort();
  const at = (/** @type {ArrayLike<number>} */ samples, /** @type {number} */ share) => samples[Math.floor(share * (samples.length - 1))];
  const [dark, bright] = [at(sorted, 0.02), at(sorted, 0.995)];
  const tissue = sorted.filter((sample) => sample > dark + AIR * (bright - dark));
  if (!tissue.length) return [];
  return Object.entries(SHARES).map(([name, [from, to]]) => {
    const low = at(tissue, from);
    return { name: t(`tools.preset.${name}`), window: { low, high: Math.max(low + 1, at(tissue, to)), inverted: false } };
  });
}
