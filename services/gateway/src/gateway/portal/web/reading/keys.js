// Keyboard shortcuts, as the table of `gateway.portal.shortcuts` names them. Single keys can be switched off (WCAG 2.1.4). They
// are ignored in text fields, while a dialog is open, and before an image is loaded.

import { keep, recall } from '../core/kept.js';
import { t } from '../core/words.js';
import { VIEWS } from '../viewer/image.js';

const OFF = 'lobule-shortcuts-off';
const PAN = 60; // CSS pixels
const TYPED = 'input:not([type="checkbox"], [type="range"], [type="radio"]), textarea, select, [contenteditable]';
const PRESSED_BY_SPACE = 'button, summary, a, input:not([type="radio"]:checked)';
const ROW = '[type="radio"]'; // of categories or densities
const OF_ROW = /^[0-6a-d]$/i;
/** @type {import('./state.js').ToolName[]} */
const TOOLS = ['move', 'zoom', 'window', 'magnify', 'value', 'ruler', 'ellipse', 'angle', 'box', 'oval', 'outline'];
const FIELDS = [5, 6, 7, 8, 9];
/** Actions of roles that may review cases. */
const REVIEWS = ['confirm', 'dismiss', 'undo', 'drop', 'box', 'oval', 'outline'];
/** What is seen as long as a key is held. @type {Record<string, NonNullable<import('./state.js').Reading['peek']>>} */
const PEEKS = { without_marks: 'marks', with_heat: 'heat', with_difference: 'difference' };

/** @typedef {ReturnType<typeof import('./navigation.js').createNavigation>} Navigation */
/** @typedef {ReturnType<typeof import('../viewer/tools.js').createTools>} Tools */
/** @typedef {import('../viewer/pane.js').Pane} Pane */
/** @typedef {Record<string, string>} Keys What each key does; with a star where it does so again and again while it is held. */
/** @typedef {{page: Keys, film: Keys, held: Keys}} KeyTable By where a key acts; see `gateway.portal.shortcuts`. */
/**
 * @typedef {object} Page
 * @property {Navigation} navigation
 * @property {Tools} tools
 * @property {() => unknown} undo
 * @property {() => void} drop
 * @property {() => void} help
 * @property {(words: string) => void} tell
 * @property {HTMLInputElement} toggle The switch for single keys.
 * @property {() => import('../viewer/pane.js').Hand | null} instruments
 */

/** The actions that work everywhere. @param {Page} page @returns {Record<string, (event: KeyboardEvent) => unknown>} */
function actsOf({ navigation, tools, undo, drop, help }) {
  return {
    zoom_in: tools.zoomIn,
    zoom_out: tools.zoomOut,
    fit: tools.fit,
    next: () => navigation.step(1),
    previous: () => navigation.step(-1),
    confirm: () => navigation.judgeByKey('confirmed'),
    dismiss: () => navigation.judgeByKey('dismissed'),
    go_on: () => navigation.stepOpen(),
    conclude: () => navigation.conclude(),
    undo,
    drop,
    help,
    invert: tools.invert,
    reset: tools.reset,
    link: tools.link,
    flip: tools.flip,
    rotate: tools.rotate,
    local: tools.local,
    edges: tools.edges,
    full: tools.fullScreen,
    overlays: tools.toggleAll,
    flatter: () => tools.adjust(-0.1, 0),
    steeper: () => tools.adjust(0.1, 0),
    darker: () => tools.adjust(0, -0.05),
    brighter: () => tools.adjust(0, 0.05),
    hang: () => navigation.arrange('hang'),
    two: () => navigation.arrange('two'),
    one: () => navigation.arrange('one'),
    step: ({ shiftKey }) => navigation.stepHanging(shiftKey ? -1 : 1),
    crop: tools.toggleCrop,
    ...Object.fromEntries(TOOLS.map((tool) => [tool, () => tools.take(tool)])),
    ...Object.fromEntries(VIEWS.map((view, index) => [`view_${index + 1}`, () => navigation.view(view)])),
    ...Object.fromEntries(FIELDS.map((number) => [`field_${number}`, () => navigation.field(number - FIELDS[0])])),
  };
}

/** The actions on the film that has the focus; each returns null if there is nothing to act on. @param {Page} page @returns {Record<string, (pane: Pane) => (() => unknown) | null>} */
function filmActsOf({ instruments }) {
  const pan = (/** @type {number} */ x, /** @type {number} */ y) => (/** @type {Pane} */ pane) => () => pane.pan({ x: x * PAN, y: y * PAN });
  return {
    pan_left: pan(1, 0),
    pan_right: pan(-1, 0),
    pan_up: pan(0, 1),
    pan_down: pan(0, -1),
    set_point: (pane) => (instruments()?.busy ? () => instruments()?.place(pane) : null),
    remove_measure: (pane) => (instruments() ? () => instruments()?.remove(pane) : null),
  };
}

/** @param {string} act */
const nameOfAct = (act) => act.replace('*', '');

/** @param {Keys} keys @param {Record<string, unknown>} acts @throws {Error} The table and the script do not speak of the same. */
function compare(keys, acts) {
  const named = new Set(Object.values(keys).map(nameOfAct));
  const apart = [...named, ...Object.keys(acts)].filter((act) => !named.has(act) || !Object.hasOwn(acts, act));
  if (apart.length) throw new Error(`shortcuts: ${apart.join(', ')}`);
}

/** Whether a key press belongs to a text field, a row of choices, a dialog or an input method. @param {KeyboardEvent} event */
const belongsElsewhere = ({ target, key, isComposing, altKey }) =>
  isComposing || altKey || document.querySelector('dialog[open]') !== null || (target instanceof Element && (target.closest(TYPED) !== null || (target.matches(ROW) && OF_ROW.test(key))));

/** Whether a key is meant for a film. @param {KeyboardEvent} event */
const onPane = ({ target }) => target instanceof Element && target.matches('.pane');

/** Space presses a button that has the focus, unless it is the finding that is chosen already. @param {KeyboardEvent} event */
const pressesSomething = ({ key, target }) =>
  key === ' ' && target instanceof Element && target.closest(PRESSED_BY_SPACE) !== null && target.closest('[data-chosen] .go') === null;

/**
 * Listen for shortcuts.
 * @param {import('./state.js').ReadingStore} store
 * @param {KeyTable} table
 * @param {Page} page
 */
export function listenToKeys(store, table, page) {
  const [acts, filmActs] = [actsOf(page), filmActsOf(page)];
  compare(table.page, acts);
  if (document.body.classList.contains('cannot-review')) for (const act of REVIEWS) acts[act] = () => page.tell(t('reading.cannot_review'));
  compare(table.film, filmActs);
  compare(table.held, PEEKS);
  const { navigation, tools, toggle } = page;
  toggle.checked = !recall(OFF, false);
  toggle.addEventListener('change', () => keep(OFF, !toggle.checked));

  const nameOf = (/** @type {KeyboardEvent} */ { shiftKey, key }) => (shiftKey || key.length > 1 ? key : key.toLowerCase()); // Caps Lock is no other key

  /** The action of a key, and whether it repeats while the key is held. @param {KeyboardEvent} event @returns {{act: ((event: KeyboardEvent) => unknown) | null, repeats: boolean}} */
  function wanted(event) {
    const key = nameOf(event);
    if (event.ctrlKey || event.metaKey) return { act: key === 'z' ? acts.undo : null, repeats: false };
    const film = onPane(event) ? table.film[key] ?? '' : '';
    const pane = film && navigation.activePane();
    const onFilm = pane ? filmActs[nameOfAct(film)](pane) : null;
    if (onFilm) return { act: onFilm, repeats: film.endsWith('*') };
    const act = table.page[key] ?? '';
    return { act: act && toggle.checked && !pressesSomething(event) ? acts[nameOfAct(act)] : null, repeats: act.endsWith('*') };
  }

  /** What is seen as long as a key is held. @param {string} key */
  const peekOf = (key) => (Object.hasOwn(table.held, key) ? PEEKS[table.held[key]] : null);

  const letGo = () => store.state.peek && tools.peek(null);
  addEventListener('keyup', ({ key }) => (peekOf(key.toLowerCase()) ?? peekOf(key)) && letGo()); // Shift may be let go before
  addEventListener('blur', letGo);
  addEventListener('keydown', (event) => {
    if (!store.state.images.length || belongsElsewhere(event)) return;
    const peek = event.ctrlKey || event.metaKey || !toggle.checked ? null : peekOf(nameOf(event));
    if (peek) {
      event.preventDefault();
      if (!event.repeat) tools.peek(peek);
      return;
    }
    const { act, repeats } = wanted(event);
    if (!act || (event.repeat && !repeats)) return;
    event.preventDefault();
    act(event);
  });
}
