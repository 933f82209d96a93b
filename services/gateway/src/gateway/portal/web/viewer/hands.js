// Hands on a pane: wheel and two fingers zoom, a drag pans, a drag with Shift or the right button sets the window, a click
// chooses a finding.

import { holds, toImage } from './geometry.js';

/** @typedef {import('./pane.js').Pane} Pane */
/** @typedef {import('./geometry.js').Point} Point */

const WHEEL = 1.0015; // for each unit of the wheel
const DOUBLE = 1.25 ** 3;
const CLICK = 4; // CSS pixels that a hand may tremble
const CONTRAST = 200; // CSS pixels from the usual window to half of it
const BRIGHTNESS = 400;

/**
 * @param {Pane} pane
 * @param {import('./pane.js').PaneEvents} events
 */
export function listenToHands(pane, { onUse, onWindow, onPick }) {
  const { root } = pane;
  /** @type {Map<number, Point>} */
  const pointers = new Map();
  let travelled = 0;

  /** @param {MouseEvent} event @returns {Point} */
  function at({ clientX, clientY }) {
    const { left, top } = root.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  /** @param {PointerEvent} event */
  function drag(event) {
    const before = pointers.get(event.pointerId);
    if (!before || !pane.imageSize) return;
    const now = { x: event.clientX, y: event.clientY };
    const by = { x: now.x - before.x, y: now.y - before.y };
    travelled += Math.abs(by.x) + Math.abs(by.y);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) pane.zoom(apart(now, other) / Math.max(1, apart(before, other)), at(event));
    else if (event.shiftKey || event.buttons === 2) onWindow(pane, by.x / CONTRAST, -by.y / BRIGHTNESS);
    else pane.pan(by);
    pointers.set(event.pointerId, now);
  }

  /** Choose the smallest finding below a click. @param {PointerEvent} event */
  function pick(event) {
    const { transform, viewed } = pane;
    if (!transform || !viewed) return;
    const point = toImage(transform, at(event));
    const area = (/** @type {import('./overlay.js').Mark} */ { finding: { box } }) => box.width * box.height;
    const [hit] = pane.marks.filter(({ finding }) => holds(finding.box, point)).sort((a, b) => area(a) - area(b));
    if (hit) onPick(viewed, hit.index);
  }

  root.addEventListener('wheel', (event) => {
    event.preventDefault();
    pane.zoom(WHEEL ** -event.deltaY, at(event));
  }, { passive: false });
  root.addEventListener('pointerdown', (event) => {
    if (event.target instanceof Element && event.target.closest('button, a')) return;
    onUse(pane);
    root.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    travelled = 0;
  });
  root.addEventListener('pointermove', drag);
  root.addEventListener('pointerup', (event) => {
    if (pointers.delete(event.pointerId) && travelled < CLICK) pick(event);
  });
  root.addEventListener('pointercancel', (event) => pointers.delete(event.pointerId));
  root.addEventListener('dblclick', (event) => pane.zoom(DOUBLE, at(event)));
  root.addEventListener('contextmenu', (event) => event.preventDefault());
  root.addEventListener('focus', () => onUse(pane));
}

/** @param {Point} a @param {Point} b */
const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
