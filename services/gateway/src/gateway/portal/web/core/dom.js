// DOM helpers.

/** @typedef {{href: string, label: string}} Link */

/** @type {Record<string, string>} */
export const ASSESSMENT_ICONS = { malignancy_suspected: 'alert', not_sure: 'question', no_sign_of_malignancy: 'clear' };

/**
 * The first element that a selector finds, of a kind.
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} [kind]
 * @returns {E}
 * @throws {Error} There is none of this kind: the template and its script do not fit.
 */
export function find(root, selector, kind = /** @type {any} */ (HTMLElement)) {
  const element = root.querySelector(selector);
  if (element instanceof kind) return element;
  throw new Error(`no ${kind.name} ${selector}`);
}

/**
 * The element of a part of the page that plays a role.
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} root
 * @param {string} name
 * @param {new () => E} [kind]
 * @returns {E}
 */
export const role = (root, name, kind) => find(root, `[data-role="${name}"]`, kind);

/**
 * The element with an id.
 * @template {Element} [E=HTMLElement]
 * @param {string} id
 * @param {new () => E} [kind]
 * @returns {E}
 */
export const byId = (id, kind) => find(document, `[id="${id}"]`, kind);

/** The elements of a part of the page, as HTML elements. @param {ParentNode} root @param {string} selector */
export const all = (root, selector) => /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);

/** An icon of the sprite in base.html. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `/static/icons.svg#i-${name}`);
  svg.append(use);
  return svg;
}

/** Write only what changed: screen readers speak of every write. @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Show a message with an icon, links after its words and a smaller line below; hide it where there are no words.
 * @param {HTMLElement} element
 * @param {string} words
 * @param {{symbol?: string, links?: Link[], small?: string}} [more]
 */
export function message(element, words, { symbol = 'alert', links = [], small = '' } = {}) {
  element.hidden = !words;
  if (!words) {
    element.replaceChildren();
    return;
  }
  const text = document.createElement('span');
  text.append(words);
  for (const { href, label } of links) text.append(' ', linkTo(href, label));
  if (small) {
    const more = document.createElement('small');
    more.append(small);
    text.append(more);
  }
  element.replaceChildren(icon(symbol), text);
}

/** @typedef {{words: string, symbol?: string, links?: Link[], small?: string}} Note A message as a part of a page's state. */

/** @type {WeakMap<Element, string>} */
const noted = new WeakMap();

/** Show a message of the state; only where it is another than before. @param {HTMLElement} element @param {Note} note */
export function showNote(element, { words, ...more }) {
  const key = JSON.stringify([words, more]);
  if (noted.get(element) === key) return;
  noted.set(element, key);
  message(element, words, more);
}

/** @param {string} href @param {string} label */
function linkTo(href, label) {
  const link = document.createElement('a');
  link.href = href;
  link.append(label);
  return link;
}

/** A copy of what a template of the page holds. @param {string} id Of the template. */
export function copy(id) {
  const first = byId(id, HTMLTemplateElement).content.firstElementChild;
  return /** @type {HTMLElement} */ (first?.cloneNode(true));
}

/** Texts as items of a list. @param {string[]} texts */
export const listItems = (texts) =>
  texts.map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  });

/**
 * Call a function at every click on matching elements of a part of the page.
 * @param {ParentNode} root
 * @param {string} selector
 * @param {(element: HTMLElement) => void} act
 */
export function onClick(root, selector, act) {
  for (const element of all(root, selector)) element.addEventListener('click', () => act(element));
}

/** Act on a click anywhere on a row but on its controls, of which that with its name acts alike. @param {HTMLElement} row @param {() => unknown} act */
export const onRow = (row, act) =>
  row.addEventListener('click', ({ target }) => target instanceof Element && !target.closest('button:not(.go), a, details') && act());
