// The part of the page for cases that two people read, loaded for those alone, and the link to the next case.

import { call } from '../core/api.js';

/**
 * @param {HTMLElement} root
 * @param {import('./state.js').ReadingStore} store
 * @param {{
 *   fetched: <T>(imported: Promise<T>, script: string) => Promise<T>,
 *   refresh: () => Promise<void>,
 *   tell: (words: string) => void,
 *   onProblem: (error: unknown) => void,
 * }} page
 */
export function createTwoPart(root, store, { fetched, ...actions }) {
  let asked = !root.querySelector('[data-role="two"]');

  /** @param {import('./state.js').Reading} state */
  return async ({ case: detail }) => {
    if (asked || !detail?.read_twice) return;
    asked = true;
    try {
      const { createTwo } = await fetched(import('./two.js'), 'reading/two.js');
      createTwo(root, store, actions);
    } catch (error) {
      asked = false;
      actions.onProblem(error);
    }
  };
}

/** Open the most urgent case that waits for this reader or for anyone; if there is none, the worklist. */
export async function goToNext() {
  const { body } = await call('get', '/api/v1/cases', { query: { reader: 'open', limit: '1' } });
  location.assign(body.items.length ? `/cases/${body.items[0].id}` : '/');
}
