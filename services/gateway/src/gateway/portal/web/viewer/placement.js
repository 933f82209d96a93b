// The position of an image in its pane. The interface uses pixels of the hung image; internally, the image is as the reader
// has rotated it.

import * as geometry from './geometry.js';
import { sizeOf } from './image.js';
import { matrixOf, turnBack, turnBox, turnPoint, turnedSize } from './turn.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('./overlay.js').Mark} Mark */
/** @typedef {import('../core/types.d.ts').Hanging} Hanging */

/** @type {Hanging} */
export const UPRIGHT = { rotation: 0, mirrored: false };
/** @type {import('./pane.js').Shown} */
const NOTHING = {
  image: null, source: null, heat: null, turn: UPRIGHT, part: { x: 0, y: 0, width: 1, height: 1 }, cropped: false, side: 'centre', window: null, marks: [], own: [], band: null,
  overlays: { boxes: false, outlines: false, heat: false, difference: false, tags: false, opacity: 0 },
  regions: [],
};

/** The zoom and the place of an image in an element. */
export class Placement {
  shown = NOTHING;
  /** Of the pane, in CSS pixels. */
  size = { width: 0, height: 0 };
  /** @type {import('./geometry.js').Transform | null} As the reader left it; null: fitted. */
  #transform = null;

  /**
   * @param {HTMLElement} root
   * @param {() => number} scaleOf The scale at which it shows its part.
   */
  constructor(root, scaleOf) {
    this.root = root;
    this.scaleOf = scaleOf;
  }

  /** Draw it at the next frame. */
  draw() {}

  /** The reader zoomed or panned. */
  moved() {}

  /** Lay an image out anew, fitted, where it is another one, or turned, or cropped, or no more. @param {import('./pane.js').Shown} shown */
  lay(shown) {
    const { image, cropped, turn } = this.shown;
    if (shown.image?.id !== image?.id || shown.cropped !== cropped || shown.turn !== turn) this.#transform = null;
    this.shown = shown;
  }

  /** The image that is shown. */
  get viewed() {
    return this.shown.image;
  }

  get marks() {
    return this.shown.marks;
  }

  /** Measure the pane anew: asking the page for its size each time would have it laid out each time. */
  measure() {
    this.size = { width: this.root.clientWidth, height: this.root.clientHeight };
    this.draw();
  }

  /** The pane has another size or other neighbours: what was zoomed in the old arrangement is shown whole. */
  rehang() {
    this.#transform = null;
    this.measure();
  }

  /** The size of the image in its pixels, once there is something to draw. */
  get imageSize() {
    const { image, source } = this.shown;
    return image && source ? sizeOf(image) : null;
  }

  /** The same as the image is turned. */
  get turnedSize() {
    return this.imageSize && turnedSize(this.imageSize, this.shown.turn);
  }

  /** The position of the turned image; null without an image. */
  get transform() {
    return this.#transform ?? this.#fitted;
  }

  /** The magnification of the image, relative to its fitted size. */
  get magnification() {
    return this.transform && this.#fitted ? this.transform.scale / this.#fitted.scale : 1;
  }

  get #fitted() {
    const { side, turn } = this.shown;
    return this.imageSize && geometry.fit(this.#turned(this.shown.part), this.size, turn.mirrored || turn.rotation ? 'centre' : side, this.scaleOf());
  }

  /** The largest scale at which the part that it shows fits it. */
  get ownScale() {
    return geometry.fitScale(this.#turned(this.shown.part), this.size);
  }

  /** Where a point of the image lies in the pane. @param {Point} point @returns {Point} */
  toPane(point) {
    const { transform, imageSize } = this;
    if (!transform || !imageSize) return point;
    const [x, y] = turnPoint([point.x, point.y], imageSize, this.shown.turn);
    return geometry.toPane(transform, { x, y });
  }

  /** Where a point of the pane lies in the image. @param {Point} point @returns {Point} */
  toImage(point) {
    const { transform, imageSize } = this;
    if (!transform || !imageSize) return point;
    const turned = geometry.toImage(transform, point);
    const [x, y] = turnBack([turned.x, turned.y], imageSize, this.shown.turn);
    return { x, y };
  }

  /** Whether the whole image is visible. */
  get showsWhole() {
    const { transform, turnedSize: size } = this;
    if (!transform || !size) return true;
    return transform.x >= -1 && transform.y >= -1 && transform.x + size.width * transform.scale <= this.size.width + 1 && transform.y + size.height * transform.scale <= this.size.height + 1;
  }

  /** The middle of the pane. @returns {Point} */
  get middle() {
    return { x: this.size.width / 2, y: this.size.height / 2 };
  }

  fit() {
    this.#transform = null;
    this.draw();
    this.moved();
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
    this.moved();
  }

  /** @param {Point} by */
  pan(by) {
    const { transform, turnedSize: size } = this;
    if (!transform || !size) return;
    this.#move(geometry.pan(transform, by, size, this.size));
    this.moved();
  }

  /** The magnification of a finding, relative to its fitted size. @param {Box} box */
  timesOf(box) {
    const fitted = this.#fitted;
    return fitted ? geometry.frame(this.#turned(box), this.size, fitted).scale / fitted.scale : Infinity;
  }

  /** Bring a finding into the middle. @param {Box} box @param {number} [times] How much larger than fitted, at most. */
  frame(box, times) {
    const fitted = this.#fitted;
    if (fitted) this.#move(geometry.frame(this.#turned(box), this.size, fitted, times));
  }

  /** Whether the image is shown as it hangs, neither zoomed nor panned. */
  get isFitted() {
    return !this.#transform;
  }

  /** Look at a point of the image, so many times larger than fitted, as another pane does; null: fitted. @param {Point | null} point @param {number} magnification */
  look(point, magnification) {
    const { imageSize, turnedSize: size } = this;
    const fitted = this.#fitted;
    if (!fitted || !imageSize || !size) return;
    if (!point) this.#transform = null;
    else {
      const scale = fitted.scale * magnification;
      const [x, y] = turnPoint([point.x, point.y], imageSize, this.shown.turn);
      this.#transform = geometry.pan({ scale, x: this.size.width / 2 - x * scale, y: this.size.height / 2 - y * scale }, { x: 0, y: 0 }, size, this.size);
    }
    this.draw();
  }

  /** Whether the middle of a box is visible; without a box, whether most of the pane is. @param {Box | null} box */
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

  /** @param {Box} box @returns {Box} */
  #turned(box) {
    return this.imageSize ? turnBox(box, this.imageSize, this.shown.turn) : box;
  }

  /** @param {import('./geometry.js').Transform} transform */
  #move(transform) {
    this.#transform = transform;
    this.draw();
  }

  /**
   * The placement for drawing the image, enlarged about a point of the pane; null without an image.
   * @param {Point} at
   * @param {number} times
   * @param {Box} within What is seen, in CSS pixels of the pane.
   * @returns {import('./sources.js').Placed | null}
   */
  placed(at = { x: 0, y: 0 }, times = 1, within = { x: 0, y: 0, ...this.size }) {
    const { window, turn } = this.shown;
    const { transform, imageSize, turnedSize: size } = this;
    if (!transform || !imageSize || !size) return null;
    const scale = transform.scale * times;
    const placed = { scale, x: at.x + (transform.x - at.x) * times - within.x, y: at.y + (transform.y - at.y) * times - within.y };
    const { x1, y1, x2, y2 } = geometry.visible(placed, size, within);
    const corners = [turnBack([x1, y1], imageSize, turn), turnBack([x2, y2], imageSize, turn)];
    const [[left, right], [top, bottom]] = [0, 1].map((axis) => corners.map((corner) => corner[axis]).sort((a, b) => a - b));
    const [a, b, c, d, e, f] = matrixOf(imageSize, turn).map((value) => value * scale);
    return {
      image: { width: imageSize.width, height: imageSize.height },
      seen: { x1: left, y1: top, x2: right, y2: bottom },
      scale: devicePixelRatio * scale,
      matrix: [a, b, c, d, e + placed.x + within.x, f + placed.y + within.y],
      window,
    };
  }
}
