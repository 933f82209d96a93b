// Pointer input on a pane: the wheel zooms, two fingers zoom and pan, one finger or the left button use the selected tool.
// Shift or the right button sets the window with any tool, the middle button pans; a click chooses a finding. A finger that rests
// hides the marks, as a held key does.

import { holds } from './geometry.js';

/** @typedef {import('./pane.js').Pane} Pane */
/** @typedef {import('./geometry.js').Point} Point */

const WHEEL = 1.0015; // for each unit of the wheel
const DOUBLE = 1.25 ** 3;
const DRAG = 1.01; // for each CSS pixel that the zoom tool is dragged up
const CLICK = 4; // CSS pixels that a hand may tremble
const CONTRAST = 200; // CSS pixels from the usual window to half of it
const BRIGHTNESS = 400;
const REST_MS = 450; // of a finger, until the marks are hidden

/**
 * @param {Pane} pane
 * @param {import('./pane.js').PaneEvents} events
 */
export function listenToHands(pane, { onUse, onWindow, onPick, onPickOwn, onPeek, toolOf, instruments }) {
  const { root } = pane;
  /** @type {Map<number, Point>} */
  const pointers = new Map();
  let travelled = 0;
  let start = pane.middle;
  let measures = false; // whether an instrument has taken the gesture
  let peeks = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;

  /** A finger rests: the marks are hidden until it is lifted or moves. @param {PointerEvent} event */
  function rest({ pointerType }) {
    clearTimeout(resting);
    if (pointerType !== 'touch' || measures || pointers.size > 1) return;
    resting = setTimeout(() => {
      peeks = true;
      onPeek('marks');
    }, REST_MS);
  }

  /** @returns {boolean} Whether the marks were hidden. */
  function unrest() {
    clearTimeout(resting);
    const was = peeks;
    peeks = false;
    if (was) onPeek(null);
    return was;
  }

  /** @param {MouseEvent} event @returns {Point} */
  function at({ clientX, clientY }) {
    const { left, top } = root.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  /** @param {PointerEvent} event */
  function drag(event) {
    const before = pointers.get(event.pointerId);
    if (!pane.imageSize) return;
    if (!before) {
      if (event.pointerType !== 'touch') instruments()?.hover(pane, at(event));
      return;
    }
    const now = { x: event.clientX, y: event.clientY };
    const by = { x: now.x - before.x, y: now.y - before.y };
    travelled += Math.abs(by.x) + Math.abs(by.y);
    if (travelled >= CLICK) unrest();
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other) pinch(before, now, other);
    else if (measures) instruments()?.move(pane, at(event));
    else move(event, by);
  }

  /** Two fingers: what is between them stays there. @param {Point} before @param {Point} now @param {Point} other */
  function pinch(before, now, other) {
    const { left, top } = root.getBoundingClientRect();
    pane.zoom(apart(now, other) / Math.max(1, apart(before, other)), { x: (before.x + other.x) / 2 - left, y: (before.y + other.y) / 2 - top });
    pane.pan({ x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 });
  }

  /** @param {PointerEvent} event @param {Point} by */
  function move({ shiftKey, buttons }, by) {
    const tool = toolOf();
    if (shiftKey || buttons === 2 || (tool === 'window' && buttons !== 4)) onWindow(pane, by.x / CONTRAST, -by.y / BRIGHTNESS);
    else if (tool === 'zoom' && buttons !== 4) pane.zoom(DRAG ** -by.y, start);
    else pane.pan(by);
  }

  /** Choose the smallest finding below a click. @param {PointerEvent} event */
  function pick(event) {
    const { transform, viewed } = pane;
    if (!transform || !viewed) return;
    const point = pane.toImage(at(event));
    const marks = pane.marks.map(({ finding: { box }, index }) => ({ box, choose: () => onPick(viewed, index) }));
    const own = pane.shown.own.map(({ box, id }) => ({ box, choose: () => onPickOwn(id) }));
    const area = (/** @type {{box: import('./geometry.js').Box}} */ { box }) => box.width * box.height;
    const [hit] = [...marks, ...own].filter(({ box }) => holds(box, point)).sort((a, b) => area(a) - area(b));
    hit?.choose();
  }

  root.addEventListener('wheel', (event) => {
    event.preventDefault();
    if (!instruments()?.wheel(pane, event.deltaY)) pane.zoom(WHEEL ** -event.deltaY, at(event));
  }, { passive: false });
  root.addEventListener('pointerdown', (event) => {
    if (event.target instanceof Element && event.target.closest('button, a')) return;
    onUse(pane);
    root.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    travelled = 0;
    start = at(event);
    measures = pointers.size === 1 && event.button === 0 && !event.shiftKey && (instruments()?.down(pane, start, event.pointerType === 'touch') ?? false);
    if (pointers.size > 1) unrest();
    rest(event);
  });
  root.addEventListener('pointermove', drag);
  root.addEventListener('pointerup', (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (unrest()) return;
    if (measures) instruments()?.up(pane, at(event), travelled < CLICK);
    else if (travelled < CLICK) pick(event);
    measures = false;
  });
  root.addEventListener('pointercancel', (event) => {
    pointers.delete(event.pointerId);
    unrest();
  });
  root.addEventListener('pointerleave', () => instruments()?.leave(pane));
  root.addEventListener('dblclick', (event) => {
    if (!instruments()?.busy) pane.zoom(DOUBLE, at(event));
  });
  root.addEventListener('contextmenu', (event) => event.preventDefault());
  root.addEventListener('dragstart', (event) => event.preventDefault()); // of selected text: it would take the pointer away
  root.addEventListener('focus', () => onUse(pane));
}

/** @param {Point} a @param {Point} b */
const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
