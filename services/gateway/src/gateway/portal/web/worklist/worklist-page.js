// The worklist: filters as the user types, and refreshes while it is visible.

import { byId, find, message, role } from '../core/dom.js';
import { keepFresh } from '../core/fresh.js';
import { t } from '../core/words.js';
import { listenForClaims } from './claims.js';
import { listenForKeys } from './keys.js';

const TYPING_MS = 300;
const list = byId('list');
const form = byId('filters', HTMLFormElement);
const contact = byId('contact');
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;

const fresh = keepFresh(list, (problem) => {
  message(contact, problem ? (problem.status === 0 ? t('worklist.no_contact') : problem.message) : '', { symbol: 'offline' });
});

/** Show what the filters say, and keep it in the address, so that a reload and the way back find it. */
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
listenForKeys(list, find(form, '[name="q"]'));
