// Forms, buttons and select boxes that call the API as their data attributes say, and show the result.

import { asProblem, request } from '../core/api.js';
import { confirmed } from '../core/confirm.js';
import { byId, message } from '../core/dom.js';
import { localTimes } from '../core/times.js';
import { t } from '../core/words.js';

/** @typedef {import('../core/types.d.ts').Method} Method */

const note = byId('message');

/**
 * The values of a form: numbers as numbers, checkboxes as lists, without empty optional fields.
 * @param {HTMLFormElement} form
 */
function valuesOf(form) {
  /** @type {Record<string, any>} */
  const values = {};
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement) || !field.name) continue;
    const { name, value, dataset } = field;
    if (field.type === 'checkbox') values[name] = [...(values[name] ?? []), ...(/** @type {HTMLInputElement} */ (field).checked ? [value] : [])];
    else if ('number' in dataset) values[name] = value ? Number(value) : null;
    else if (value || !('optional' in dataset)) values[name] = value;
  }
  return values;
}

/** @param {string} words @param {boolean} bad */
function show(words, bad) {
  note.classList.toggle('bad', bad);
  message(note, words, { symbol: bad ? 'alert' : 'clear' });
  note.scrollIntoView({ block: 'nearest' });
}

/** A secret is shown once; it has the focus, to be copied. @param {string} secret */
function showSecret(secret) {
  byId('secret').hidden = false;
  const value = byId('secret-value');
  value.textContent = secret;
  value.focus();
}

/**
 * Show the result of a successful call: a secret, another page, a message, or the reloaded page.
 * @param {HTMLElement} element
 * @param {any} body
 */
function conclude(element, body) {
  const { goto, done } = element.dataset;
  if (body?.secret) showSecret(body.secret);
  else if (goto) location.assign(goto);
  else if (done) {
    if (element instanceof HTMLFormElement) element.reset();
    show(t(done), false);
  } else location.reload();
}

/**
 * Make the call of an element.
 * @param {HTMLElement} element
 * @param {unknown} send
 * @param {string} [url] Where to; as its attribute says where it is left out.
 */
async function act(element, send, url = element.dataset.url ?? '') {
  const { confirm, call = '' } = element.dataset;
  if (confirm && !window.confirm(confirm)) return;
  try {
    const { body } = await confirmed(() => request(/** @type {Method} */ (call.toLowerCase()), url, { send }));
    conclude(element, body);
  } catch (error) {
    show(asProblem(error).message, true);
    if (element instanceof HTMLSelectElement) for (const option of element.options) option.selected = option.defaultSelected;
  }
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.call) return;
  event.preventDefault();
  act(form, valuesOf(form));
});
document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element ? target.closest('button[data-call]') : null;
  if (button instanceof HTMLElement) act(button, button.dataset.send ? JSON.parse(button.dataset.send) : null);
});
document.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLSelectElement) || !target.dataset.call) return;
  const { url = '' } = target.dataset;
  if (!url.includes('{value}')) act(target, { [target.name]: target.value });
  else if (target.value) act(target, null, url.replace('{value}', encodeURIComponent(target.value)));
});

localTimes(document);

// Until this script was there, the browser would have sent forms by itself, to nobody.
for (const button of document.querySelectorAll('button[data-call], form[data-call] button'))
  if (button instanceof HTMLButtonElement) button.disabled = false;
