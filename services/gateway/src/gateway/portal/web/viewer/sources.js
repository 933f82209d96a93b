// The image sources of a pane: a grey film with window and level in full depth, or a coloured field. Used by the page and by
// the web worker.

import { halved, rendered, tableOf } from './samples.js';

/** @typedef {import('./geometry.js').Size} Size */
/** @typedef {import('./geometry.js').Area} Area */
/** @typedef {import('./window.js').Window} Window */
/** @typedef {import('./samples.js').Level} Level */
/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context */
/** @typedef {ColourSource | GreySource} Source */

const FINEST_SMOOTHED = 3; // device pixels for a pixel of the image; beyond this, pixels are shown as squares

const HEAVY = 600_000; // device pixels: a smaller part is drawn finely while a hand moves
const SPARE = 0.2; // of a part, to each side

/**
 * The position of a source in a pane.
 * @typedef {object} Placed
 * @property {Size} image
 * @property {Area} seen
 * @property {number} scale Device pixels for a pixel of the image.
 * @property {number[]} matrix From pixels of the image to CSS pixels of the pane, as a canvas takes it.
 * @property {Window | null} window Null for a field.
 * @property {boolean} [hasty] While a hand moves, a large film may be drawn from a coarser copy.
 */

/** Draw a source as it lies in a pane. @param {Context} context In CSS pixels of the pane. @param {Source} source @param {Placed} placed */
export function drawPlaced(context, source, { matrix: [a, b, c, d, e, f], window, ...view }) {
  context.save();
  context.transform(a, b, c, d, e, f);
  if (!source.grey) source.draw(context, view);
  else if (window) source.draw(context, { ...view, window });
  context.restore();
}

/** @typedef {{value: string, stored: boolean}} Value What is at a point, and whether the file holds it so. */

/** A coloured field: drawn as it is. */
export class ColourSource {
  grey = /** @type {const} */ (false);
  bits = 8;

  /** @param {ImageBitmap} bitmap */
  constructor(bitmap) {
    this.bitmap = bitmap;
  }

  /**
   * Draw it; the context is transformed to pixels of the image already.
   * @param {Context} context
   * @param {{image: Size, scale: number}} view The image's size, and device pixels for a pixel of it.
   */
  draw(context, { image, scale }) {
    context.imageSmoothingEnabled = scale * (image.width / this.bitmap.width) < FINEST_SMOOTHED;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.bitmap, 0, 0, image.width, image.height);
  }

  /** Red, green and blue at a point of the image. @param {import('./geometry.js').Point} point @param {Size} image @returns {Value} */
  valueAt({ x, y }, image) {
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    const [across, down] = [this.bitmap.width / image.width, this.bitmap.height / image.height];
    context?.drawImage(this.bitmap, -Math.floor(x * across), -Math.floor(y * down));
    const [red, green, blue] = context?.getImageData(0, 0, 1, 1).data ?? [0, 0, 0];
    return { value: `${red} ${green} ${blue}`, stored: across === 1 };
  }
}

/** A grey film. */
export class GreySource {
  grey = /** @type {const} */ (true);
  /** @type {OffscreenCanvasRenderingContext2D | null} */
  #context;
  /** @type {ImageData | null} */
  #picture = null;
  /** The content of the canvas. @type {{left: number, top: number, width: number, height: number, level: Level | null, table: Uint32Array | null}} */
  #rendered = { left: 0, top: 0, width: 0, height: 0, level: null, table: null };

  /**
   * @param {Level[]} levels Its samples, row by row; then coarser copies, each half as fine as the one before, as far as they are there.
   * @param {{low: number, high: number, bits: number, windows?: import('../core/types.d.ts').NamedWindow[], offset?: number, step?: number, coarse?: boolean, copies?: Level[] | null}} facts
   *     `low` and `high`: the window to begin with; `windows`: those that the file names; `offset` and `step`: a sample's value
   *     in the file's own units is `offset + sample * step`; without them samples are not as the file stores them.
   *     `coarse`: it has more samples than are here; `copies`: of the levels, which may be given away.
   */
  constructor(levels, { low, high, bits, windows = [], offset = 0, step = 0, coarse = false, copies = null }) {
    this.levels = [...levels];
    this.units = { offset, step };
    this.coarse = coarse;
    this.copies = copies;
    this.first = { low, high };
    this.windows = windows;
    this.bits = bits;
    this.range = levels[0].samples instanceof Uint8Array ? 256 : 65536;
    this.canvas = new OffscreenCanvas(1, 1);
    this.#context = this.canvas.getContext('2d', { alpha: false });
    this.tableKey = '';
    this.table = new Uint32Array(0);
  }

  /** A film from a decoded 8-bit picture. @param {ImageBitmap} bitmap */
  static fromBitmap(bitmap) {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('canvas');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const samples = new Uint8Array(width * height);
    for (let at = 0; at < samples.length; at += 1) samples[at] = data[4 * at];
    return new GreySource([{ samples, width, height }], { low: 0, high: 255, bits: 8 });
  }

  /**
   * Draw what is seen of it.
   * @param {Context} context
   * @param {{image: Size, seen: Area, scale: number, window: Window, hasty?: boolean}} view `scale` in device pixels for a pixel
   *     of the image; `hasty`: while a hand moves, a large film may be drawn from a coarser copy.
   */
  draw(context, { image, seen, scale, window, hasty = false }) {
    const fine = scale * Math.max(image.width / this.levels[0].width, image.height / this.levels[0].height);
    const coarse = hasty && (seen.x2 - seen.x1) * (seen.y2 - seen.y1) * scale ** 2 > HEAVY;
    const level = this.#levelFor(coarse ? fine / 2 : fine);
    const [across, down] = [level.width / image.width, level.height / image.height];
    const part = this.#partOf(level, { x1: seen.x1 * across, y1: seen.y1 * down, x2: seen.x2 * across, y2: seen.y2 * down });
    if (!part) return;
    this.#render(level, part, window, hasty);
    context.imageSmoothingEnabled = scale / across < FINEST_SMOOTHED;
    context.imageSmoothingQuality = coarse ? 'low' : 'high';
    const [left, top] = [part.left - this.#rendered.left, part.top - this.#rendered.top];
    context.drawImage(this.canvas, left, top, part.width, part.height, part.left / across, part.top / down, part.width / across, part.height / down);
  }

  /** Whole samples around an area of a level; null where nothing of it is there. @param {Level} level @param {Area} area */
  #partOf({ width, height }, { x1, y1, x2, y2 }) {
    const [left, top] = [Math.max(0, Math.floor(x1) - 1), Math.max(0, Math.floor(y1) - 1)];
    const [right, bottom] = [Math.min(width, Math.ceil(x2) + 1), Math.min(height, Math.ceil(y2) + 1)];
    return right > left && bottom > top ? { left, top, width: right - left, height: bottom - top } : null;
  }

  /**
   * Have a part of a level on the canvas. While a hand moves, what is there already serves again, and while only the place changes, more
   * than the part is made; else it is the part alone, so that a film looks the same whatever was shown before.
   */
  #render(/** @type {Level} */ level, /** @type {{left: number, top: number, width: number, height: number}} */ part, /** @type {Window} */ window, hasty = false) {
    const table = this.#tableFor(window);
    const there = this.#rendered;
    const same = there.table === table && there.level === level;
    if (same && (hasty ? holds(there, part) : equals(there, part))) return;
    const more = hasty && there.table === table ? SPARE : 0;
    const [x, y] = [part.width * more, part.height * more];
    const made = this.#partOf(level, { x1: part.left - x, y1: part.top - y, x2: part.left + part.width + x, y2: part.top + part.height + y }) ?? part;
    if (this.canvas.width !== made.width || this.canvas.height !== made.height) [this.canvas.width, this.canvas.height] = [made.width, made.height];
    this.#picture = rendered(level, made, table, this.#picture);
    this.#context?.putImageData(this.#picture, 0, 0);
    this.#rendered = { ...made, level, table };
  }

  /** The value at a point of the image, in the file's units if known, else the shade of the picture. @param {import('./geometry.js').Point} point @param {Size} image @returns {Value} */
  valueAt({ x, y }, image) {
    const [{ samples, width, height }] = this.levels;
    const sample = samples[Math.floor((y * height) / image.height) * width + Math.floor((x * width) / image.width)];
    const { offset, step } = this.units;
    return { value: String(step ? Math.round((offset + sample * step) * 1000) / 1000 : sample), stored: step !== 0 };
  }

  /** The coarsest copy that still has a sample for every device pixel; each is half as fine as the one before. */
  #levelFor(/** @type {number} */ devicePixelsPerSample) {
    let index = 0;
    while (devicePixelsPerSample * 2 ** (index + 1) <= 1) {
      index += 1;
      if (index === this.levels.length) this.levels.push(halved(this.levels[index - 1]));
    }
    return this.levels[index];
  }

  #tableFor(/** @type {Window} */ window) {
    const key = `${window.low} ${window.high} ${window.inverted}`;
    if (this.tableKey !== key) [this.tableKey, this.table] = [key, tableOf(window, this.range)];
    return this.table;
  }
}

/** @typedef {{left: number, top: number, width: number, height: number}} Part Of a level. */

/** @param {Part} whole @param {Part} part */
const holds = (whole, part) =>
  part.left >= whole.left && part.top >= whole.top && part.left + part.width <= whole.left + whole.width && part.top + part.height <= whole.top + whole.height;

/** @param {Part} one @param {Part} other */
const equals = (one, other) => one.left === other.left && one.top === other.top && one.width === other.width && one.height === other.height;
