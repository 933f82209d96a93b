// A list that the server draws: fetched anew while something in it may change, at a pace that slows down.

import { Problem } from './api.js';
import { loop } from './poll.js';
import { localTimes } from './times.js';

const BUSY_MS = 3000;
const CALM_MS = 15000;
const MOST_CALM_MS = 120000;

/**
 * Keep an element of the page as the server would draw it now.
 * @param {HTMLElement} list With an id, `data-url` and `data-live`: "true" while something is under way.
 * @param {(problem: Error | null) => void} onTrouble
 * @returns {{stop: () => void, wake: () => void}}
 */
export function keepFresh(list, onTrouble) {
  let calm = CALM_MS;
  let first = true;
  localTimes(list);

  async function ask() {
    if (!first) await refresh();
    first = false;
    onTrouble(null);
    if (list.dataset.live === 'true') {
      calm = CALM_MS;
      return BUSY_MS;
    }
    calm = Math.min(MOST_CALM_MS, calm * 1.5);
    return calm;
  }

  async function refresh() {
    let response, text;
    const target = list.dataset.url;
    try {
      response = await fetch(target, { credentials: 'same-origin', redirect: 'error', headers: { Accept: 'text/html' } });
      text = await response.text();
    } catch {
      throw new Problem(0, { code: 'offline' });
    }
    if (!response.ok) throw new Problem(response.status, {});
    if (list.dataset.url !== target) return; // asked for something else meanwhile
    replace(new DOMParser().parseFromString(text, 'text/html').getElementById(list.id));
  }

  function replace(fresh) {
    if (!fresh) return;
    localTimes(fresh);
    list.dataset.live = fresh.dataset.live;
    if (fresh.innerHTML === list.innerHTML) return;
    const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    list.replaceChildren(...fresh.childNodes);
    if (focused) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  }

  return loop(ask, onTrouble);
}
