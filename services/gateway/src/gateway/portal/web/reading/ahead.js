// Prefetches the first data of the next case while the reader looks at this one, for the browser's cache. It runs when the
// page is idle, and stops at the reader's next input.

import { address, call, fetchRaw } from '../core/api.js';
import { apiLanguage } from '../core/words.js';
import { slotsOf } from '../viewer/hanging.js';

/** @typedef {import('./state.js').Reading} Reading */

const REST_MS = 3000; // without a hand on mouse or keys
const MOST_FILMS = 4;
const TO_READ = ['ready', 'failed', 'second_read', 'arbitration'];
const HANDS = ['pointerdown', 'wheel', 'keydown'];

/** The most urgent waiting case that this reader has claimed; null if there is none. @param {string} but Another than this one. @returns {Promise<string | null>} */
async function nextCase(but) {
  const { body } = await call('get', '/api/v1/cases', { query: { reader: 'me', limit: '20' } });
  return body.items.find(({ id, state }) => id !== but && TO_READ.includes(state))?.id ?? null;
}

/** Some browsers have no `requestIdleCallback`. @param {() => void} task */
const whenIdle = (task) => ('requestIdleCallback' in globalThis ? requestIdleCallback(task) : setTimeout(task));

/** @param {import('./state.js').ReadingStore} store @param {string} caseId */
export function createAhead(store, caseId) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  /** @type {AbortController | null} */
  let running = null;
  let done = false;

  async function fetchAhead() {
    running = new AbortController();
    const options = { signal: running.signal, priority: /** @type {const} */ ('low') };
    try {
      const next = await nextCase(caseId);
      if (next) {
        const { body } = await call('get', '/api/v1/cases/{case_id}', { params: { case_id: next }, query: { lang: apiLanguage } });
        const films = body.images.filter(({ is_prior: prior, state }) => !prior && state === 'assessed').slice(0, MOST_FILMS);
        for (const { id } of films) {
          if (running.signal.aborted) return;
          await (await fetchRaw(address('/api/v1/images/{image_id}/film/overview', { params: { image_id: id } }), options)).arrayBuffer();
        }
      }
      done = true;
    } catch {
      // it was only meant to save time
    }
  }

  /** Whether the pictures of all panes are loaded. @param {Reading} state */
  const settled = (state) => state.images.length > 0 && slotsOf(state).every(({ source, problem, depth }) => problem || (source && depth !== 'loading'));

  function wait() {
    clearTimeout(waiting);
    running?.abort();
    if (done) return;
    waiting = setTimeout(() => (settled(store.state) && !document.hidden ? whenIdle(fetchAhead) : wait()), REST_MS);
  }

  for (const name of HANDS) addEventListener(name, wait, { capture: true, passive: true });
  wait();
}
