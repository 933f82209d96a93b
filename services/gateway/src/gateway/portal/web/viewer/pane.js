// One pane of the viewer: an image below, what was found above it, and its own zoom and place.

import { find } from '../core/dom.js';
import * as geometry from './geometry.js';
import { listenToHands } from './hands.js';
import { drawOverlay } from './overlay.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('./overlay.js').Mark} Mark */

/**
 * What a pane shows.
 * @typedef {object} Shown
 * @property {ViewedImage | null} image
 * @property {import('./geometry.js').Box} part Of the image: it fills the pane until the reader zooms.
 * @property {boolean} cropped Whether that is to be the breast alone.
 * @property {import('./geometry.js').Side} side Where its chest wall is hung.
 * @property {import('./window.js').Window | null} window Null for a field, which has none.
 * @property {Mark[]} marks
 * @property {import('./overlay.js').Overlays} overlays
 */

/**
 * What a pane tells of.
 * @typedef {object} PaneEvents
 * @property {(pane: Pane) => void} onUse
 * @property {(pane: Pane, contrast: number, brightness: number) => void} onWindow
 * @property {(image: ViewedImage, index: number) => void} onPick
 * @property {(pane: Pane) => number} scaleOf The scale at which a pane shows its part: the same for all films, in mm.
 */

/** @type {Shown} */
const NOTHING = { image: null, part: { x: 0, y: 0, width: 1, height: 1 }, cropped: false, side: 'centre', window: null, marks: [], overlays: { boxes: false, outlines: false, heat: false, tags: false, opacity: 0 } };

export class Pane {
  #shown = NOTHING;
  /** @type {import('./geometry.js').Transform | null} As the reader left it; null: fitted. */
  #transform = null;
  #pending = false;

  /**
   * @param {HTMLElement} root With two canvases, `image` and `overlay`.
   * @param {PaneEvents} events
   */
  constructor(root, events) {
    this.root = root;
    this.image = find(root, '.image', HTMLCanvasElement);
    this.overlay = find(root, '.overlay', HTMLCanvasElement);
    new ResizeObserver(() => this.#resize()).observe(root);
    this.scaleOf = events.scaleOf;
    listenToHands(this, events);
  }

  /** Show an image, or nothing. Another image begins fitted, and so does one that is cropped, or no more. @param {Shown} shown */
  show(shown) {
    const { image, cropped } = this.#shown;
    if (shown.image?.id !== image?.id || shown.cropped !== cropped) this.#transform = null;
    this.#shown = shown;
    this.#draw();
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
    const { image } = this.#shown;
    return image?.result && image.source ? image.result.image : null;
  }

  /** Where the image lies; null where there is none. */
  get transform() {
    return this.#transform ?? this.#fitted;
  }

  get #fitted() {
    const { part, side } = this.#shown;
    return this.imageSize && geometry.fit(part, this.size, side, this.scaleOf(this));
  }

  /** The largest scale at which the part that it shows fits it. */
  get ownScale() {
    return geometry.fitScale(this.#shown.part, this.size);
  }

  fit() {
    this.#transform = null;
    this.#draw();
  }

  /** One pixel of the image on one pixel of the screen. */
  actual() {
    if (this.transform) this.zoom(1 / devicePixelRatio / this.transform.scale);
  }

  /** @param {number} factor @param {Point} [at] */
  zoom(factor, at = { x: this.size.width / 2, y: this.size.height / 2 }) {
    const [transform, fitted] = [this.transform, this.#fitted];
    if (transform && fitted) this.#move(geometry.zoom(transform, factor, at, fitted));
  }

  /** @param {Point} by */
  pan(by) {
    const { transform, imageSize } = this;
    if (transform && imageSize) this.#move(geometry.pan(transform, by, imageSize, this.size));
  }

  /** Bring a finding into the middle. @param {Box} box */
  frame(box) {
    const fitted = this.#fitted;
    if (fitted) this.#move(geometry.frame(box, this.size, fitted));
  }

  /** Whether the middle of a box is in sight, or most of the pane where there is no box. @param {Box | null} box */
  shows(box) {
    const { transform } = this;
    if (!transform) return false;
    const pane = this.root.getBoundingClientRect();
    const seen = { left: Math.max(0, pane.left), top: Math.max(0, pane.top), right: Math.min(innerWidth, pane.right), bottom: Math.min(innerHeight, pane.bottom) };
    const area = Math.max(0, seen.right - seen.left) * Math.max(0, seen.bottom - seen.top);
    if (!box) return area > (pane.width * pane.height) / 2;
    const middle = geometry.toPane(transform, geometry.centreOf(box));
    const [x, y] = [pane.left + middle.x, pane.top + middle.y];
    return x >= seen.left && x <= seen.right && y >= seen.top && y <= seen.bottom;
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

  #paint() {
    const [below, above] = [this.image, this.overlay].map(cleared);
    const { image, window, marks, overlays } = this.#shown;
    const { transform, imageSize, size } = this;
    if (!image?.source || !transform || !imageSize || size.width === 0) return;
    const { scale, x, y } = transform;
    Object.assign(this.root.dataset, { scale, x, y });
    const dpr = devicePixelRatio;
    for (const context of [below, above]) context.setTransform(dpr * scale, 0, 0, dpr * scale, dpr * x, dpr * y);
    const view = { image: imageSize, seen: geometry.visible(transform, imageSize, size), scale: dpr * scale };
    if (!image.source.grey) image.source.draw(below, view);
    else if (window) image.source.draw(below, { ...view, window });
    drawOverlay(above, { image: imageSize, heat: image.heat, marks }, overlays, scale);
  }
}

/** @param {HTMLCanvasElement} canvas */
function cleared(canvas) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  return context;
}
