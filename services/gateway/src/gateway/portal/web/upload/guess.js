// Guesses modality and view of an image from its name, format, tags and colours. The user can correct them.

import { modalities, nameByLook } from '../core/modalities.js';

/** @typedef {{modality?: string | null, view?: string | null, laterality?: string | null}} Facts What tags or pixels say. */

const GREY_UP_TO = 0.03; // mean difference between the colour channels, as the server measures it

/** @type {[string, RegExp][]} */
const SIDES = [
  ['R', /(?:^|[^a-z])(?:r|right|rt)(?:[^a-z]|$)/i],
  ['L', /(?:^|[^a-z])(?:l|left|lt)(?:[^a-z]|$)/i],
];
const VIEW = /(?:^|[^a-z])(l|r)?[-_ ]?(cc|mlo)(?:[^a-z]|$)/i;
const MIAS = /^mdb\d/i; // its films are all MLO
const OBJECTIVE = /(?:^|[-_ ])(40|100|200|400)(?:x|(?=[-_ ]\d))/i;

/**
 * @param {string} name Of the file.
 * @param {string | null} format
 * @param {Facts} facts
 * @returns {Omit<import('./state.js').Options, 'study_date' | 'um_per_pixel'>} Empty where nothing is known.
 */
export function guess(name, format, facts = {}) {
  const kind = kindFrom(name, format, facts);
  const says = (/** @type {string} */ attribute) => kind?.attributes.includes(attribute) ?? false;
  const view = facts.view || viewFrom(name);
  return {
    modality: kind?.name ?? '',
    view: kind?.views?.codes.includes(view) ? view : '',
    laterality: says('laterality') ? facts.laterality || sideFrom(name) : '',
    magnification: says('magnification') ? magnificationFrom(name) : '',
  };
}

/**
 * The modality whose usual names a file has, of those that take its format; else the one that its pixels tell, else one of
 * colour.
 * @param {string} name @param {string | null} format @param {Facts} facts
 */
function kindFrom(name, format, facts) {
  const possible = modalities().filter(({ formats }) => !format || formats.includes(format));
  const [only, another] = possible.filter(({ look }) => isUsual(name, look.file_names));
  if (only && !another) return only;
  const told = possible.find((kind) => kind.name === facts.modality) ?? possible.find(({ look }) => look.colours === 'colour');
  return told ?? possible[0] ?? null;
}

/**
 * Whether a name matches a modality's pattern; never without a pattern, or with an invalid one.
 * @param {string} name @param {string} pattern
 */
function isUsual(name, pattern) {
  try {
    return pattern !== '' && new RegExp(pattern, 'i').test(name);
  } catch {
    return false;
  }
}

/** @param {string} name */
const viewFrom = (name) => VIEW.exec(name)?.[2].toUpperCase() ?? (MIAS.test(name) ? 'MLO' : '');

/** @param {string} name */
const sideFrom = (name) => VIEW.exec(name)?.[1]?.toUpperCase() ?? SIDES.find(([, words]) => words.test(name))?.[0] ?? '';

/** @param {string} name */
const magnificationFrom = (name) => (OBJECTIVE.test(name) ? `${OBJECTIVE.exec(name)?.[1]}X` : '');

/** Whether a picture that the browser shows is a grey film or coloured tissue. @param {CanvasImageSource} picture */
export function modalityOf(picture) {
  const context = new OffscreenCanvas(64, 64).getContext('2d', { willReadFrequently: true });
  if (!context) return nameByLook('colour');
  context.drawImage(picture, 0, 0, 64, 64);
  const { data } = context.getImageData(0, 0, 64, 64);
  let spread = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
    spread += Math.max(r, g, b) - Math.min(r, g, b);
  }
  return nameByLook(spread / (64 * 64 * 255) > GREY_UP_TO ? 'colour' : 'grey');
}
