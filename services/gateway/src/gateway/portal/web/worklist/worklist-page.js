// The worklist: filters as the user types, and refreshes while it is visible.

import { asProblem, call } from '../core/api.js';
import { byId, find, message, onClick, role } from '../core/dom.js';
import { keepFresh } from '../core/fresh.js';
import { t } from '../core/words.js';
import { listenForClaims } from './claims.js';
import { listenForGlances } from './choosing.js';
import { listenForKeys } from './keys.js';
import { createTour, seen } from './tour.js';

const TYPING_MS = 300;
const list = byId('list');
const form = byId('filters', HTMLFormElement);
const contact = byId('contact');
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;

const fresh = keepFresh(list, (problem) => {
  message(contact, problem ? (problem.status === 0 ? t('worklist.no_contact') : problem.message) : '', { symbol: 'offline' });
});

/** Load the filtered list, and keep the filters in the address for reloads and the browser's history. */
function filter() {
  clearTimeout(typing);
  const given = [...new FormData(form)].map(([name, value]) => [name, String(value)]).filter(([, value]) => value !== '');
  const query = new URLSearchParams(given).toString();
  const target = query ? `${form.action}?${query}` : form.action;
  history.replaceState(null, '', target);
  list.dataset.url = target;
  fresh.wake();
}

role(form, 'apply').hidden = true; // the list follows by itself
form.addEventListener('submit', (event) => {
  event.preventDefault();
  filter();
});
form.addEventListener('change', filter);
form.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(filter, TYPING_MS);
});

listenForClaims(list, { refresh: fresh.wake, tell: (words) => message(contact, words) });
const tour = createTour(byId('tour', HTMLDialogElement));
onClick(document, '[data-tour]', async (button) => {
  if (button.dataset.tour !== 'never') return tour.start();
  await seen();
  return fresh.wake();
});
onClick(document, '[data-sample]', openSample);
if (new URLSearchParams(location.search).has('tour')) {
  history.replaceState(null, '', location.pathname); // a reload does not begin it again
  tour.start();
}

/** Open the sample case, whose films are analysed first. @param {HTMLElement} button */
async function openSample(button) {
  button.toggleAttribute('disabled', true);
  try {
    const { body } = await call('post', '/api/v1/sample-case', {});
    location.assign(`/cases/${body.id}`);
  } catch (error) {
    message(contact, asProblem(error).message);
    button.toggleAttribute('disabled', false);
  }
}

listenForKeys(list, find(form, '[name="q"]'));
listenForGlances(byId('glance'), list);
