// One pane of the viewer: an image with its findings, painted by the web worker.

import { listenToHands } from './hands.js';
import { paint, stretch } from './painter.js';
import { Placement } from './placement.js';
import { drawPlaced } from './sources.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('./overlay.js').Mark} Mark */
/** @typedef {import('../core/types.d.ts').Hanging} Hanging */

/**
 * The content of a pane.
 * @typedef {object} Shown
 * @property {ViewedImage | null} image
 * @property {import('./sources.js').Source | null} source What is drawn of it: itself, or itself enhanced.
 * @property {ImageBitmap | null} heat The map that is drawn over it: the heat map, or the difference from the other breast.
 * @property {Hanging} turn As the reader turned it.
 * @property {Box} part Of the image: it fills the pane until the reader zooms.
 * @property {boolean} cropped Whether that is to be the breast alone.
 * @property {import('./geometry.js').Side} side Where its chest wall is hung.
 * @property {import('./window.js').Window | null} window Null for a field, which has none.
 * @property {Mark[]} marks
 * @property {import('./own.js').OwnMark[]} own What readers drew on it.
 * @property {(import('./band.js').Band & {words: string}) | null} band Where the chosen finding of the other view would lie.
 * @property {import('./overlay.js').Overlays} overlays
 * @property {import('./region-marks.js').TissueRegion[]} regions Where invasive carcinoma is likeliest.
 */

/**
 * The callbacks of a pane.
 * @typedef {object} PaneEvents
 * @property {(pane: Pane) => void} onUse
 * @property {(pane: Pane) => void} onMove The reader zoomed or panned.
 * @property {(pane: Pane) => void} onPaint It was drawn anew.
 * @property {(pane: Pane, contrast: number, brightness: number) => void} onWindow
 * @property {(image: ViewedImage, index: number) => void} onPick
 * @property {(id: string) => void} onPickOwn
 * @property {(peek: import('../reading/state.js').Reading['peek']) => void} onPeek A finger rests on it, or no longer.
 * @property {(pane: Pane) => number} scaleOf The scale at which a pane shows its part: the same for all films, in mm.
 * @property {() => import('../reading/state.js').ToolName} toolOf The tool in the reader's hand.
 * @property {() => Hand | null} instruments What the tool in hand draws with, once it is loaded.
 */

/** @typedef {import('./instruments.js').Instruments | ReturnType<typeof import('./drawing.js').createDrawing>} Hand */

const MOVING_MS = 200;

export class Pane extends Placement {
  #pending = false;
  #painted = -Infinity; // when the film was painted last
  /** @type {unknown[]} How it was. */
  #last = [];
  #above = ''; // what lies over the film, in one word
  /** @type {ReturnType<typeof setTimeout> | undefined} Paints finely once the hand rests. */
  #resting;

  /**
   * @param {HTMLElement} root With a canvas `image`.
   * @param {PaneEvents} events
   */
  constructor(root, events) {
    super(root, () => events.scaleOf(this));
    this.events = events;
    new ResizeObserver(() => this.measure()).observe(root);
    listenToHands(this, events);
  }

  /** Show an image, or nothing. @param {Shown} shown */
  show(shown) {
    this.lay(shown);
    const { marks, own, band, overlays, regions } = shown;
    this.#above = JSON.stringify([marks, own, band, overlays, regions]);
    this.draw();
  }

  /** Show the same with another window. @param {Shown['window']} window */
  rewindow(window) {
    this.lay({ ...this.shown, window });
    this.draw();
  }

  moved() {
    this.events.onMove(this);
  }

  /** Draw at the next frame. */
  draw() {
    if (this.#pending) return;
    this.#pending = true;
    requestAnimationFrame(() => {
      this.#pending = false;
      this.#paint();
    });
  }

  /**
   * Draw the image as it lies in the pane, enlarged about a point of the pane.
   * @param {CanvasRenderingContext2D} context In CSS pixels of the pane.
   * @param {Point} at
   * @param {number} times
   * @param {Box} within What is seen, in CSS pixels of the pane.
   */
  drawImage(context, at, times, within) {
    const placed = this.placed(at, times, within);
    if (this.shown.source && placed) drawPlaced(context, this.shown.source, placed);
  }

  /** Its size in pixels of the screen. */
  get pixels() {
    const { width, height } = this.size;
    return { width: Math.max(1, Math.round(width * devicePixelRatio)), height: Math.max(1, Math.round(height * devicePixelRatio)), ratio: devicePixelRatio };
  }

  /** Whether the reader is moving it; slow work waits until they stop. */
  get moving() {
    return this.#resting !== undefined;
  }

  /** Films that follow each other closely are painted hastily, and finely once no other comes. */
  #rest() {
    const now = performance.now();
    const moving = now - this.#painted < MOVING_MS;
    this.#painted = now;
    clearTimeout(this.#resting);
    this.#resting = moving ? setTimeout(() => this.#settle(), MOVING_MS) : undefined;
    return moving;
  }

  #settle() {
    this.#resting = undefined;
    this.#painted = -Infinity;
    this.#last = [];
    this.draw();
  }

  #paint() {
    const placed = this.size.width > 0 ? this.placed() : null;
    if (placed) Object.assign(this.root.dataset, this.transform);
    this.#paintFilm(placed);
    this.events.onPaint(this);
  }

  /** Tools draw often; the film and its marks are painted only where they change. @param {import('./sources.js').Placed | null} placed */
  #paintFilm(placed) {
    const { source, heat, turn, marks, own, band, overlays, regions } = this.shown;
    const { pixels, imageSize, transform, size } = this;
    const now = [source, heat, this.#above, JSON.stringify([placed?.window, turn, pixels]), JSON.stringify(placed)];
    const same = now.map((part, index) => part === this.#last[index]);
    if (same.every(Boolean)) return;
    this.#last = now;
    const laid = imageSize && transform && { imageSize: { width: imageSize.width, height: imageSize.height }, turn, transform, size };
    if (!source || !placed || !laid) {
      paint(this.root, pixels, null);
      return;
    }
    const hasty = this.#rest();
    if (hasty && same.slice(0, -1).every(Boolean) && stretch(this.root, transform)) return; // while a hand zooms
    paint(this.root, pixels, { source, heat, placed: { ...placed, hasty }, laid, above: { marks, own, band, overlays, regions }, key: this.#above });
  }
}
