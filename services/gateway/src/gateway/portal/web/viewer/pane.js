// One pane of the viewer: an image below, what was found above it, and its own zoom and place. What comes from outside and
// goes out is in pixels of the image as the film hangs; inside, the image is as the reader turned it.

import { find } from '../core/dom.js';
import * as geometry from './geometry.js';
import { listenToHands } from './hands.js';
import { cleared, drawOverlay } from './overlay.js';
import { matrixOf, turnBack, turnBox, turnPoint, turnedSize } from './turn.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('./overlay.js').Mark} Mark */
/** @typedef {import('../core/types.d.ts').Hanging} Hanging */

/**
 * What a pane shows.
 * @typedef {object} Shown
 * @property {ViewedImage | null} image
 * @property {import('./sources.js').Source | null} source What is drawn of it: itself, or itself enhanced.
 * @property {Hanging} turn As the reader turned it.
 * @property {Box} part Of the image: it fills the pane until the reader zooms.
 * @property {boolean} cropped Whether that is to be the breast alone.
 * @property {import('./geometry.js').Side} side Where its chest wall is hung.
 * @property {import('./window.js').Window | null} window Null for a field, which has none.
 * @property {Mark[]} marks
 * @property {import('./own.js').OwnMark[]} own What readers drew on it.
 * @property {(import('./band.js').Band & {what: string}) | null} band Where the chosen finding of the other view would lie.
 * @property {import('./overlay.js').Overlays} overlays
 */

/**
 * What a pane tells of, and asks.
 * @typedef {object} PaneEvents
 * @property {(pane: Pane) => void} onUse
 * @property {(pane: Pane) => void} onMove The reader zoomed or panned.
 * @property {(pane: Pane) => void} onPaint It was drawn anew.
 * @property {(pane: Pane, contrast: number, brightness: number) => void} onWindow
 * @property {(image: ViewedImage, index: number) => void} onPick
 * @property {(id: string) => void} onPickOwn
 * @property {(pane: Pane) => number} scaleOf The scale at which a pane shows its part: the same for all films, in mm.
 * @property {() => import('../reading/state.js').ToolName} toolOf The tool in the reader's hand.
 * @property {() => Hand | null} instruments What the tool in hand draws with, once it is loaded.
 */

/** @typedef {import('./instruments.js').Instruments | ReturnType<typeof import('./drawing.js').createDrawing>} Hand */

const MOVING_MS = 200;
/** @type {Hanging} */
export const UPRIGHT = { rotation: 0, mirrored: false };
/** @type {Shown} */
const NOTHING = {
  image: null, source: null, turn: UPRIGHT, part: { x: 0, y: 0, width: 1, height: 1 }, cropped: false, side: 'centre', window: null, marks: [], own: [], band: null,
  overlays: { boxes: false, outlines: false, heat: false, tags: false, opacity: 0 },
};

export class Pane {
  #shown = NOTHING;
  /** @type {import('./geometry.js').Transform | null} As the reader left it; null: fitted. */
  #transform = null;
  #pending = false;
  #painted = -Infinity; // when it was drawn last
  /** @type {ReturnType<typeof setTimeout> | undefined} Draws finely once the hand rests. */
  #resting;

  /**
   * @param {HTMLElement} root With two canvases, `image` and `overlay`.
   * @param {PaneEvents} events
   */
  constructor(root, events) {
    this.root = root;
    this.events = events;
    this.image = find(root, '.image', HTMLCanvasElement);
    this.overlay = find(root, '.overlay', HTMLCanvasElement);
    new ResizeObserver(() => this.#resize()).observe(root);
    listenToHands(this, events);
  }

  /** Show an image, or nothing. Another image begins fitted, and so does one that is turned, or cropped, or no more. @param {Shown} shown */
  show(shown) {
    const { image, cropped, turn } = this.#shown;
    if (shown.image?.id !== image?.id || shown.cropped !== cropped || shown.turn !== turn) this.#transform = null;
    this.#shown = shown;
    this.#draw();
  }

  get shown() {
    return this.#shown;
  }

  /** The image that is shown. */
  get viewed() {
    return this.#shown.image;
  }

  get marks() {
    return this.#shown.marks;
  }

  /** The size of the pane in CSS pixels. */
  get size() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
  }

  /** The size of the image in its pixels, once there is something to draw. */
  get imageSize() {
    const { image, source } = this.#shown;
    return image?.result && source ? image.result.image : null;
  }

  /** The same as the image is turned. */
  get turnedSize() {
    return this.imageSize && turnedSize(this.imageSize, this.#shown.turn);
  }

  /** Where the image lies as it is turned; null where there is none. */
  get transform() {
    return this.#transform ?? this.#fitted;
  }

  /** How much larger than fitted the image is shown. */
  get magnification() {
    return this.transform && this.#fitted ? this.transform.scale / this.#fitted.scale : 1;
  }

  get #fitted() {
    const { side, turn } = this.#shown;
    return this.imageSize && geometry.fit(this.#turned(this.#shown.part), this.size, turn.mirrored || turn.rotation ? 'centre' : side, this.events.scaleOf(this));
  }

  /** The largest scale at which the part that it shows fits it. */
  get ownScale() {
    return geometry.fitScale(this.#turned(this.#shown.part), this.size);
  }

  /** Where a point of the image lies in the pane. @param {Point} point @returns {Point} */
  toPane(point) {
    const { transform, imageSize } = this;
    if (!transform || !imageSize) return point;
    const [x, y] = turnPoint([point.x, point.y], imageSize, this.#shown.turn);
    return geometry.toPane(transform, { x, y });
  }

  /** Where a point of the pane lies in the image. @param {Point} point @returns {Point} */
  toImage(point) {
    const { transform, imageSize } = this;
    if (!transform || !imageSize) return point;
    const turned = geometry.toImage(transform, point);
    const [x, y] = turnBack([turned.x, turned.y], imageSize, this.#shown.turn);
    return { x, y };
  }

  /** The middle of the pane. @returns {Point} */
  get middle() {
    return { x: this.size.width / 2, y: this.size.height / 2 };
  }

  fit() {
    this.#transform = null;
    this.#draw();
    this.events.onMove(this);
  }

  /** One pixel of the image on one pixel of the screen. */
  actual() {
    if (this.transform) this.zoom(1 / devicePixelRatio / this.transform.scale);
  }

  /** @param {number} factor @param {Point} [at] */
  zoom(factor, at = this.middle) {
    const [transform, fitted] = [this.transform, this.#fitted];
    if (!transform || !fitted) return;
    this.#move(geometry.zoom(transform, factor, at, fitted));
    this.events.onMove(this);
  }

  /** @param {Point} by */
  pan(by) {
    const { transform, turnedSize: size } = this;
    if (!transform || !size) return;
    this.#move(geometry.pan(transform, by, size, this.size));
    this.events.onMove(this);
  }

  /** Bring a finding into the middle. @param {Box} box */
  frame(box) {
    const fitted = this.#fitted;
    if (fitted) this.#move(geometry.frame(this.#turned(box), this.size, fitted));
  }

  /** Look at a point of the image, so many times larger than fitted: another pane does. @param {Point} point @param {number} magnification */
  look(point, magnification) {
    const { imageSize, turnedSize: size } = this;
    const fitted = this.#fitted;
    if (!fitted || !imageSize || !size) return;
    if (magnification === 1) this.#transform = null;
    else {
      const scale = fitted.scale * magnification;
      const [x, y] = turnPoint([point.x, point.y], imageSize, this.#shown.turn);
      this.#transform = geometry.pan({ scale, x: this.size.width / 2 - x * scale, y: this.size.height / 2 - y * scale }, { x: 0, y: 0 }, size, this.size);
    }
    this.#draw();
  }

  /** Whether the middle of a box is in sight, or most of the pane where there is no box. @param {Box | null} box */
  shows(box) {
    if (!this.transform) return false;
    const pane = this.root.getBoundingClientRect();
    const seen = { left: Math.max(0, pane.left), top: Math.max(0, pane.top), right: Math.min(innerWidth, pane.right), bottom: Math.min(innerHeight, pane.bottom) };
    const area = Math.max(0, seen.right - seen.left) * Math.max(0, seen.bottom - seen.top);
    if (!box) return area > (pane.width * pane.height) / 2;
    const middle = this.toPane(geometry.centreOf(box));
    const [x, y] = [pane.left + middle.x, pane.top + middle.y];
    return x >= seen.left && x <= seen.right && y >= seen.top && y <= seen.bottom;
  }

  /**
   * Draw the image as it lies in the pane, enlarged about a point of the pane.
   * @param {CanvasRenderingContext2D} context In CSS pixels of the pane.
   * @param {Point} at
   * @param {number} times
   * @param {Box} within What is seen, in CSS pixels of the pane.
   */
  drawImage(context, at = { x: 0, y: 0 }, times = 1, within = { x: 0, y: 0, ...this.size }) {
    const { source, window, turn } = this.#shown;
    const { transform, imageSize, turnedSize: size } = this;
    if (!source || !transform || !imageSize || !size) return;
    const scale = transform.scale * times;
    const placed = { scale, x: at.x + (transform.x - at.x) * times - within.x, y: at.y + (transform.y - at.y) * times - within.y };
    const { x1, y1, x2, y2 } = geometry.visible(placed, size, within);
    const corners = [turnBack([x1, y1], imageSize, turn), turnBack([x2, y2], imageSize, turn)];
    const [[left, right], [top, bottom]] = [0, 1].map((axis) => corners.map((corner) => corner[axis]).sort((a, b) => a - b));
    const view = { image: imageSize, seen: { x1: left, y1: top, x2: right, y2: bottom }, scale: devicePixelRatio * scale, hasty: this.#resting !== undefined };
    context.save();
    context.translate(placed.x + within.x, placed.y + within.y);
    context.scale(scale, scale);
    const [a, b, c, d, e, f] = matrixOf(imageSize, turn);
    context.transform(a, b, c, d, e, f);
    if (!source.grey) source.draw(context, view);
    else if (window) source.draw(context, { ...view, window });
    context.restore();
  }

  /** @param {Box} box @returns {Box} */
  #turned(box) {
    return this.imageSize ? turnBox(box, this.imageSize, this.#shown.turn) : box;
  }

  /** @param {import('./geometry.js').Transform} transform */
  #move(transform) {
    this.#transform = transform;
    this.#draw();
  }

  /** Draw at the next frame. */
  #draw() {
    if (this.#pending) return;
    this.#pending = true;
    requestAnimationFrame(() => {
      this.#pending = false;
      this.#paint();
    });
  }

  #resize() {
    for (const canvas of [this.image, this.overlay]) {
      canvas.width = Math.max(1, Math.round(this.size.width * devicePixelRatio));
      canvas.height = Math.max(1, Math.round(this.size.height * devicePixelRatio));
    }
    this.#draw();
  }

  /** Frames that follow each other closely are drawn hastily, and finely once no other comes. */
  #rest() {
    const now = performance.now();
    const moving = now - this.#painted < MOVING_MS;
    this.#painted = now;
    clearTimeout(this.#resting);
    this.#resting = moving ? setTimeout(() => this.#settle(), MOVING_MS) : undefined;
  }

  #settle() {
    this.#resting = undefined;
    this.#painted = -Infinity;
    this.#draw();
  }

  #paint() {
    const [below, above] = [this.image, this.overlay].map(cleared);
    const { image, marks, own, band, overlays } = this.#shown;
    const { transform, imageSize } = this;
    this.#rest();
    if (image && transform && imageSize && this.size.width > 0) {
      Object.assign(this.root.dataset, transform);
      this.drawImage(below);
      drawOverlay(above, this, { heat: image.heat, marks, own, band }, overlays);
    }
    this.events.onPaint(this);
  }
}
