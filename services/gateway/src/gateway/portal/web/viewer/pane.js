// One pane of the viewer: an image below, what was found above it, and hands to zoom, pan and set the window.

import { fit, frame, pan, visible, zoom } from './geometry.js';
import { drawOverlay } from './overlay.js';

const WHEEL = 1.0015;
const STEP = 1.25;

/** Shows a study (see study.js), or nothing. */
export class Pane {
  /**
   * @param {HTMLElement} root With two canvases, `image` and `overlay`.
   * @param {{shown: object, onUse: (pane: Pane) => void, onView: (pane: Pane) => void, onPick: (study, index) => void}} page
   */
  constructor(root, page) {
    Object.assign(this, { root, page });
    this.image = root.querySelector('.image');
    this.overlay = root.querySelector('.overlay');
    this.study = null;
    this.view = null;
    this.pointers = new Map();
    this.pending = false;
    new ResizeObserver(() => this.#resize()).observe(root);
    this.#listen();
  }

  /** Show a study; it keeps its own zoom and window wherever it is hung. */
  show(study, side = 'centre') {
    const other = this.study !== study;
    this.study = study;
    this.side = side;
    if (other) this.view = null;
    this.draw();
  }

  /** The size of the pane in CSS pixels. */
  get size() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
  }

  get fitted() {
    return fit(this.study.image, this.size, this.side, 2);
  }

  /** Draw at the next frame. */
  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.#paint();
    });
  }

  fit() {
    this.view = null;
    this.#moved();
  }

  /** One pixel of the image on one pixel of the screen. */
  actual() {
    if (this.view || this.study) this.zoom(1 / devicePixelRatio / this.#current().scale);
  }

  zoom(factor, at = { x: this.size.width / 2, y: this.size.height / 2 }) {
    if (!this.study?.source) return;
    this.view = zoom(this.#current(), factor, at, this.fitted);
    this.#moved();
  }

  pan(dx, dy) {
    if (!this.study?.source) return;
    this.view = pan(this.#current(), dx, dy, this.study.image, this.size);
    this.#moved();
  }

  /** Whether the middle of a box is in sight, or most of the pane where there is no box. */
  shows(box) {
    if (!this.study?.source) return false;
    const pane = this.root.getBoundingClientRect();
    const seen = { left: Math.max(0, pane.left), top: Math.max(0, pane.top), right: Math.min(innerWidth, pane.right), bottom: Math.min(innerHeight, pane.bottom) };
    const area = Math.max(0, seen.right - seen.left) * Math.max(0, seen.bottom - seen.top);
    if (!box) return area > (pane.width * pane.height) / 2;
    const { scale, x, y } = this.#current();
    const [px, py] = [pane.left + x + (box.x + box.width / 2) * scale, pane.top + y + (box.y + box.height / 2) * scale];
    return px >= seen.left && px <= seen.right && py >= seen.top && py <= seen.bottom;
  }

  /** Bring a finding into the middle. */
  frame(box) {
    if (!this.study?.source) return;
    this.view = frame(box, this.size, this.fitted);
    this.#moved();
  }

  #current() {
    return this.view || this.fitted;
  }

  #moved() {
    this.draw();
    this.page.onView(this);
  }

  #resize() {
    for (const canvas of [this.image, this.overlay]) {
      canvas.width = Math.max(1, Math.round(this.size.width * devicePixelRatio));
      canvas.height = Math.max(1, Math.round(this.size.height * devicePixelRatio));
    }
    this.draw();
  }

  #paint() {
    const contexts = [this.image, this.overlay].map((canvas) => canvas.getContext('2d'));
    for (const context of contexts) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    }
    const { study } = this;
    if (!study?.source || this.size.width === 0) return;
    const { scale, x, y } = this.#current();
    Object.assign(this.root.dataset, { scale, x, y });
    const dpr = devicePixelRatio;
    for (const context of contexts) context.setTransform(dpr * scale, 0, 0, dpr * scale, dpr * x, dpr * y);
    study.source.draw(contexts[0], visible({ scale, x, y }, study.image, this.size), study.image, dpr * scale, study.window);
    drawOverlay(contexts[1], { image: study.image, heat: study.heat, findings: this.page.findingsOf(study) }, this.page.shown, scale);
  }

  #listen() {
    const { root } = this;
    root.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoom(WHEEL ** -event.deltaY, this.#at(event));
    }, { passive: false });
    root.addEventListener('pointerdown', (event) => {
      if (event.target.closest('button, a')) return;
      this.page.onUse(this);
      root.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      this.travelled = 0;
    });
    root.addEventListener('pointermove', (event) => this.#drag(event));
    for (const kind of ['pointerup', 'pointercancel'])
      root.addEventListener(kind, (event) => {
        if (this.pointers.delete(event.pointerId) && kind === 'pointerup' && this.travelled < 4) this.#pick(event);
      });
    root.addEventListener('dblclick', (event) => this.zoom(STEP ** 3, this.#at(event)));
    root.addEventListener('contextmenu', (event) => event.preventDefault());
    root.addEventListener('focus', () => this.page.onUse(this));
  }

  #drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.study?.source) return;
    const [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
    this.travelled += Math.abs(dx) + Math.abs(dy);
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const apart = (at) => Math.hypot(at.x - other.x, at.y - other.y);
      this.zoom(apart({ x: event.clientX, y: event.clientY }) / Math.max(1, apart(before)), this.#at(event));
    } else if (event.shiftKey || event.buttons === 2) this.page.onWindow(this, dx, dy);
    else this.pan(dx, dy);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  /** A click on a finding chooses the smallest one below it. */
  #pick(event) {
    if (!this.study?.source) return;
    const { scale, x, y } = this.#current();
    const at = this.#at(event);
    const [px, py] = [(at.x - x) / scale, (at.y - y) / scale];
    const hit = this.page.findingsOf(this.study)
      .filter(({ finding: { box } }) => px >= box.x && px < box.x + box.width && py >= box.y && py < box.y + box.height)
      .sort((a, b) => a.finding.box.width * a.finding.box.height - b.finding.box.width * b.finding.box.height)[0];
    if (hit) this.page.onPick(this.study, hit.index);
  }

  #at(event) {
    const { left, top } = this.root.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}
