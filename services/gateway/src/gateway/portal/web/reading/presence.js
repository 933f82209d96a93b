// Shows who reads a case, and records that its reader has opened it. Another reader's claim disables verdicts and signing.

import { asProblem, call } from '../core/api.js';
import { message, role, write } from '../core/dom.js';
import { THIS_PAGE, loop } from '../core/poll.js';
import { moment } from '../core/times.js';
import { t } from '../core/words.js';

const EVERY_MS = 20_000;

/**
 * Show in the page's bars who reads the case, and let the user claim and release it.
 * @param {HTMLElement} root
 * @param {import('./state.js').ReadingStore} store
 * @param {string} caseId
 * @param {(error: unknown) => void} onTrouble
 */
export function createPresence(root, store, caseId, onTrouble) {
  const where = { params: { case_id: caseId } };
  const button = role(root, 'claim', HTMLButtonElement);
  const bar = role(root, 'claimed');
  let mine = root.hasAttribute('data-mine');
  let another = root.hasAttribute('data-claimed');

  /** The reader of a signed case is its signer. Until the case is there, the page is as it was sent. */
  const showButton = () => {
    if (store.state.case) button.hidden = another || store.state.case.state === 'signed';
  };

  /** Disable signing and the entries for breasts of a case that somebody else reads. */
  function lock() {
    for (const name of ['sign', 'breasts']) role(root, name).inert = another;
  }

  async function look() {
    const { body } = await call('get', '/api/v1/cases/{case_id}/reader', where);
    another = body.since !== null && !body.yours;
    mine = body.since !== null && body.yours;
    root.toggleAttribute('data-claimed', another);
    lock();
    showButton();
    write(button, t(mine ? 'reading.claim.release' : 'reading.claim'));
    message(bar, another ? t('reading.claim.another', { reader: body.reader, since: moment(body.since ?? '') }) : '', { symbol: 'pen' });
    return EVERY_MS;
  }

  /** Mark the shown state of the case as read, including one's own changes; later changes stay unread. */
  function visit() {
    const { etag } = store.state;
    if (etag && !document.hidden) call('put', '/api/v1/cases/{case_id}/visit', { ...where, ifMatch: etag, keepalive: true }).catch(() => {});
  }

  lock();
  const following = loop(look, () => {}, THIS_PAGE, EVERY_MS); // the page was sent with the present reader
  button.addEventListener('click', async () => {
    try {
      await call('post', mine ? '/api/v1/cases/{case_id}/release' : '/api/v1/cases/{case_id}/claim', where);
    } catch (error) {
      onTrouble(asProblem(error));
    }
    following.wake();
  });
  document.addEventListener('visibilitychange', visit);
  store.subscribe(['etag'], visit);
  store.subscribe(['case'], showButton);
}
