// Claims and releases cases from the worklist, and saves and deletes views of it.

import { asProblem, call } from '../core/api.js';
import { all, byId, find } from '../core/dom.js';

/**
 * @typedef {object} Needs
 * @property {() => void} refresh Show the list anew.
 * @property {(words: string) => void} tell Show what went wrong.
 */

/**
 * Listen to the buttons of a list, which is drawn anew now and then.
 * @param {HTMLElement} list
 * @param {Needs} needs
 */
export function listenForClaims(list, { refresh, tell }) {
  const dialog = byId('keep-view', HTMLDialogElement);
  let query = '';

  /** @param {() => Promise<unknown>} task */
  async function then(task) {
    try {
      await task();
      tell('');
    } catch (error) {
      tell(asProblem(error).message);
    }
    refresh();
  }

  list.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button') : null;
    const { claim, case: case_id = '', forget, keep } = button?.dataset ?? {};
    const params = { case_id };
    if (claim === 'claim') then(() => call('post', '/api/v1/cases/{case_id}/claim', { params }));
    if (claim === 'release') then(() => call('post', '/api/v1/cases/{case_id}/release', { params }));
    if (forget) then(() => call('delete', '/api/v1/views/{view_id}', { params: { view_id: forget } }));
    if (keep === undefined) return;
    query = keep;
    dialog.returnValue = ''; // Escape may leave the last answer
    dialog.showModal();
  });
  dialog.addEventListener('close', () => {
    const name = find(dialog, '[name="name"]', HTMLInputElement).value.trim();
    if (dialog.returnValue === 'keep' && name) then(() => call('post', '/api/v1/views', { send: { name, query } }));
  });
}

/** Claim or release the case that has the focus. @param {HTMLElement} list */
export function claimFocused(list) {
  const row = document.activeElement?.closest('tr');
  if (row && list.contains(row)) all(row, '[data-claim]')[0]?.click();
}
