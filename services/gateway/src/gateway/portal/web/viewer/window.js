// Window and level of a grey film: which samples are black and which are white.

/** @typedef {{low: number, high: number, inverted: boolean}} Window In samples: black up to `low`, white from `high`. */
/** @typedef {{low: number, high: number}} Range */

/**
 * Change contrast and brightness by shares of the first window: more contrast is a narrower window, brighter a lower one.
 * @param {Window} window
 * @param {{first: Range, range: number}} source `first` as the file says, `range`: the number of sample values.
 * @param {number} contrast
 * @param {number} brightness
 * @returns {Window}
 */
export function adjusted(window, { first, range }, contrast, brightness) {
  const whole = first.high - first.low;
  const most = range - 1;
  const width = Math.min(most, Math.max(whole / 100, (window.high - window.low) * (1 - contrast)));
  const centre = Math.min(most, Math.max(0, (window.low + window.high) / 2 - brightness * whole));
  return around(centre, width, window.inverted);
}

/**
 * The window of two sliders, both in percent of the first window: 100 is as the file says, more is more contrast and brighter.
 * @param {Range} first
 * @param {{contrast: number, brightness: number}} percent
 * @param {boolean} inverted
 * @returns {Window}
 */
export function fromPercent({ low, high }, { contrast, brightness }, inverted) {
  const whole = high - low;
  return around((low + high) / 2 + whole * (1 - brightness / 100), whole / (contrast / 100), inverted);
}

/** The places of the two sliders for a window. @param {Range} first @param {Window} window */
export function toPercent(first, { low, high }) {
  const whole = first.high - first.low;
  const shift = (low + high) / 2 - (first.low + first.high) / 2;
  return { contrast: Math.round((whole / Math.max(1, high - low)) * 100), brightness: Math.round((1 - shift / whole) * 100) };
}

/**
 * The window that an image is shown with: the reader's own, else as the file says; null for a field.
 * @param {{windows: Record<string, Window>}} state The reader's own windows, by image.
 * @param {{id: string, source: import('./sources.js').Source | null}} image
 */
export const windowOf = ({ windows }, { id, source }) =>
  source?.grey ? windows[id] ?? { ...source.first, inverted: false } : null;

/** @param {number} centre @param {number} width @param {boolean} inverted */
const around = (centre, width, inverted) => ({ low: Math.round(centre - width / 2), high: Math.round(centre + width / 2), inverted });
