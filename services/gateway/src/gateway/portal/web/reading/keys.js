// Keyboard shortcuts. Single keys can be switched off (WCAG 2.1.4). They are ignored in text fields, while a
// dialog is open, and before an image is loaded; a key that is held down acts once.

import { keep, recall } from '../core/kept.js';
import { VIEWS } from '../viewer/image.js';

const OFF = 'lobule-shortcuts-off';
const PAN = 60; // CSS pixels
const TYPED = 'input:not([type="checkbox"]):not([type="range"]), textarea, select, [contenteditable]';
const ONCE = ['c', 'x', 'j', 'u', 'i', 'a', 'b', 'o', 'O', 'k', 'l', 'F', 'R', 'C', 'E', ' ', '?'];
/** What is seen as long as a key is held. @type {Record<string, 'marks' | 'heat'>} */
const PEEKS = { h: 'marks', q: 'heat' };
const PRESSED_BY_SPACE = 'button, summary, a, input';
/** @type {Record<string, import('../viewer/geometry.js').Point>} */
const ARROWS = {
  ArrowLeft: { x: PAN, y: 0 },
  ArrowRight: { x: -PAN, y: 0 },
  ArrowUp: { x: 0, y: PAN },
  ArrowDown: { x: 0, y: -PAN },
};

/** @typedef {ReturnType<typeof import('./navigation.js').createNavigation>} Navigation */
/** @typedef {ReturnType<typeof import('../viewer/tools.js').createTools>} Tools */

/**
 * What each key does.
 * @param {{navigation: Navigation, tools: Tools, undo: () => unknown, drop: () => void, help: () => void}} page
 * @returns {Record<string, () => unknown>}
 */
function actsOf({ navigation, tools, undo, drop, help }) {
  return {
    '+': tools.zoomIn,
    '=': tools.zoomIn,
    '-': tools.zoomOut,
    0: tools.fit,
    n: () => navigation.step(1),
    p: () => navigation.step(-1),
    c: () => navigation.judgeByKey('confirmed'),
    x: () => navigation.judgeByKey('dismissed'),
    j: () => navigation.stepOpen(),
    u: undo,
    i: tools.invert,
    r: tools.reset,
    b: () => tools.take('box'),
    o: () => tools.take('outline'),
    O: () => tools.take('oval'),
    Escape: drop,
    d: () => tools.take('move'),
    z: () => tools.take('zoom'),
    w: () => tools.take('window'),
    m: () => tools.take('magnify'),
    y: () => tools.take('value'),
    t: () => tools.take('ruler'),
    e: () => tools.take('ellipse'),
    g: () => tools.take('angle'),
    l: tools.link,
    F: tools.flip,
    R: tools.rotate,
    C: tools.local,
    E: tools.edges,
    Z: tools.fullScreen,
    a: tools.toggleAll,
    '[': () => tools.adjust(-0.1, 0),
    ']': () => tools.adjust(0.1, 0),
    ',': () => tools.adjust(0, -0.05),
    '.': () => tools.adjust(0, 0.05),
    v: () => navigation.arrange('hang'),
    s: () => navigation.arrange('two'),
    f: () => navigation.arrange('one'),
    k: tools.toggleCrop,
    '?': help,
    ...Object.fromEntries(VIEWS.map((view, index) => [index + 1, () => navigation.view(view)])),
    ...Object.fromEntries([5, 6, 7, 8, 9].map((number) => [number, () => navigation.field(number - 5)])),
  };
}

/** Whether the keys belong to something else: a field that is typed into, a dialog, an input method. @param {KeyboardEvent} event */
const belongsElsewhere = ({ target, isComposing, altKey }) =>
  isComposing || altKey || document.querySelector('dialog[open]') !== null || (target instanceof Element && target.closest(TYPED) !== null);

/** Whether a key is meant for a film. @param {KeyboardEvent} event */
const onPane = ({ target }) => target instanceof Element && target.matches('.pane');

/** Space presses a button that has the focus. @param {KeyboardEvent} event */
const pressesSomething = ({ target }) => target instanceof Element && target.closest(PRESSED_BY_SPACE) !== null;

/**
 * Listen for shortcuts.
 * @param {import('./state.js').ReadingStore} store
 * @param {{navigation: Navigation, tools: Tools, undo: () => unknown, drop: () => void, help: () => void, toggle: HTMLInputElement,
 *     instruments: () => import('../viewer/pane.js').Hand | null}} page `toggle`: the switch for single keys.
 */
export function listenToKeys(store, page) {
  const acts = actsOf(page);
  const { navigation, tools, undo, toggle, instruments } = page;
  toggle.checked = !recall(OFF, false);
  toggle.addEventListener('change', () => keep(OFF, !toggle.checked));

  /** Enter sets a point of a measure in the middle of the pane, Delete takes a measure away. @param {string} key */
  function measuring(key) {
    const [pane, instrument] = [navigation.activePane(), instruments()];
    if (!pane || !instrument) return null;
    if (key === 'Enter' && instrument.busy) return () => instrument.place(pane);
    return key === 'Delete' || key === 'Backspace' ? () => instrument.remove(pane) : null;
  }

  /** What a key does here, and whether it does so once however long it is held. @param {KeyboardEvent} event */
  function wanted(event) {
    const key = event.shiftKey ? event.key : event.key.toLowerCase(); // Caps Lock is no other key
    if (event.ctrlKey || event.metaKey) return { act: key === 'z' ? undo : null, once: true };
    if (event.key === ' ') return { act: toggle.checked && !pressesSomething(event) ? () => navigation.stepHanging(event.shiftKey ? -1 : 1) : null, once: true };
    const measured = onPane(event) ? measuring(event.key) : null;
    if (measured) return { act: measured, once: true };
    const by = onPane(event) ? ARROWS[event.key] : undefined;
    if (by) return { act: () => navigation.activePane()?.pan(by), once: false };
    return { act: toggle.checked && Object.hasOwn(acts, key) ? acts[key] : null, once: ONCE.includes(key) };
  }

  const letGo = () => store.state.peek && tools.peek(null);
  addEventListener('keyup', ({ key }) => Object.hasOwn(PEEKS, key.toLowerCase()) && letGo());
  addEventListener('blur', letGo);
  addEventListener('keydown', (event) => {
    if (!store.state.images.length || belongsElsewhere(event)) return;
    const peek = event.ctrlKey || event.metaKey || event.shiftKey || !toggle.checked ? undefined : PEEKS[event.key.toLowerCase()];
    if (peek) {
      event.preventDefault();
      if (!event.repeat) tools.peek(peek);
      return;
    }
    const { act, once } = wanted(event);
    if (!act || (event.repeat && once)) return;
    event.preventDefault();
    act();
  });
}
