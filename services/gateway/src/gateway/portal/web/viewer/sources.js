// What a pane draws: a grey film with window and level in its full depth, or a coloured field.

import { halved, rendered, tableOf } from './samples.js';

/** @typedef {import('./geometry.js').Size} Size */
/** @typedef {import('./geometry.js').Area} Area */
/** @typedef {import('./window.js').Window} Window */
/** @typedef {import('./samples.js').Level} Level */
/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context */
/** @typedef {ColourSource | GreySource} Source */

const FINEST_SMOOTHED = 3; // device pixels for a pixel of the image; beyond this, pixels are shown as squares

/** @typedef {{value: string, stored: boolean}} Value What is at a point, and whether the file holds it so. */

/** A coloured field: drawn as it is. */
export class ColourSource {
  grey = /** @type {const} */ (false);
  bits = 8;

  /** @param {ImageBitmap | OffscreenCanvas} bitmap */
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

  /**
   * @param {Level} level Its samples, row by row.
   * @param {{low: number, high: number, bits: number, windows?: import('../core/types.d.ts').NamedWindow[], offset?: number, step?: number}} facts
   *     `low` and `high`: the window to begin with; `windows`: those that the file names; `offset` and `step`: a sample's value
   *     in the file's own units is `offset + sample * step`; without them samples are not as the file stores them.
   */
  constructor(level, { low, high, bits, windows = [], offset = 0, step = 0 }) {
    this.levels = [level];
    this.units = { offset, step };
    this.first = { low, high };
    this.windows = windows;
    this.bits = bits;
    this.range = level.samples instanceof Uint8Array ? 256 : 65536;
    this.canvas = document.createElement('canvas');
    this.tableKey = '';
    this.table = new Uint32Array(0);
  }

  /** A film from a decoded 8-bit picture. @param {ImageBitmap | OffscreenCanvas} bitmap */
  static fromBitmap(bitmap) {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('canvas');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const samples = new Uint8Array(width * height);
    for (let at = 0; at < samples.length; at += 1) samples[at] = data[4 * at];
    return new GreySource({ samples, width, height }, { low: 0, high: 255, bits: 8 });
  }

  /**
   * Draw what is seen of it.
   * @param {Context} context
   * @param {{image: Size, seen: Area, scale: number, window: Window}} view `scale` in device pixels for a pixel of the image.
   */
  draw(context, { image, seen, scale, window }) {
    const level = this.#levelFor((scale * image.width) / this.levels[0].width);
    const [across, down] = [level.width / image.width, level.height / image.height];
    const x1 = Math.max(0, Math.floor(seen.x1 * across) - 1);
    const y1 = Math.max(0, Math.floor(seen.y1 * down) - 1);
    const x2 = Math.min(level.width, Math.ceil(seen.x2 * across) + 1);
    const y2 = Math.min(level.height, Math.ceil(seen.y2 * down) + 1);
    if (x2 <= x1 || y2 <= y1) return;
    const part = { left: x1, top: y1, width: x2 - x1, height: y2 - y1 };
    this.canvas.width = part.width;
    this.canvas.height = part.height;
    this.canvas.getContext('2d')?.putImageData(rendered(level, part, this.#tableFor(window)), 0, 0);
    context.imageSmoothingEnabled = scale / across < FINEST_SMOOTHED;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.canvas, 0, 0, part.width, part.height, x1 / across, y1 / down, part.width / across, part.height / down);
  }

  /** What is stored at a point of the image, in the file's own units; else the shade of the picture. @param {import('./geometry.js').Point} point @param {Size} image @returns {Value} */
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
