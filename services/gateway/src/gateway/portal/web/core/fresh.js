// Refreshes a server-rendered list while it may change, less and less often.

import { fetchRaw } from './api.js';
import { all } from './dom.js';
import { loop } from './poll.js';
import { localTimes } from './times.js';

const BUSY_MS = 3000;
const CALM_MS = 15000;
const MOST_CALM_MS = 120000;

/**
 * Keep an element of the page as the server would draw it now.
 * @param {HTMLElement} list With an id, `data-url` and `data-live`: "true" while something is under way.
 * @param {(problem: import('./api.js').Problem | null) => void} onTrouble Null when it is over.
 * @returns {import('./poll.js').Loop}
 */
export function keepFresh(list, onTrouble) {
  let calm = CALM_MS;
  let first = true;
  let troubled = false;
  localTimes(list);

  async function ask() {
    if (!first) await refresh();
    first = false;
    if (troubled) onTrouble(null);
    troubled = false;
    if (list.dataset.live === 'true') {
      calm = CALM_MS;
      return BUSY_MS;
    }
    calm = Math.min(MOST_CALM_MS, calm * 1.5);
    return calm;
  }

  async function refresh() {
    const target = list.dataset.url ?? '';
    const response = await fetchRaw(target, { redirect: 'error', headers: { Accept: 'text/html' } });
    const text = await response.text();
    if (list.dataset.url !== target) return; // asked for something else meanwhile
    const fresh = new DOMParser().parseFromString(text, 'text/html').getElementById(list.id);
    if (fresh) replace(fresh);
  }

  /** @param {HTMLElement} fresh */
  function replace(fresh) {
    localTimes(fresh);
    list.dataset.live = fresh.dataset.live;
    if (fresh.innerHTML === list.innerHTML) return;
    const focused = list.contains(document.activeElement) ? document.activeElement?.getAttribute('href') : null;
    list.replaceChildren(...fresh.childNodes);
    if (focused) all(list, `[href="${CSS.escape(focused)}"]`)[0]?.focus();
  }

  return loop(ask, (problem) => {
    troubled = true;
    onTrouble(problem);
  });
}
