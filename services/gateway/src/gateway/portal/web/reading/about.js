// The dialog about a case: gives it another pseudonym, or deletes it.

import { lossesOfCase } from '../cases/losses.js';
import { asProblem, call } from '../core/api.js';
import { confirmed } from '../core/confirm.js';
import { find, message, role } from '../core/dom.js';
import { t } from '../core/words.js';

/**
 * @param {HTMLDialogElement} dialog
 * @param {import('./state.js').ReadingStore} store
 * @param {{
 *   maySupersede: (change: string) => Promise<boolean>,
 *   refresh: () => Promise<void>,
 *   onRenamed: (pseudonym: string) => void,
 *   onDeleted: () => void,
 * }} actions
 */
export function createAbout(dialog, store, { maySupersede, refresh, onRenamed, onDeleted }) {
  const form = find(dialog, 'form', HTMLFormElement);
  const field = find(form, '[name="pseudonym"]', HTMLInputElement);
  const [remove] = /** @type {NodeListOf<HTMLButtonElement>} */ (dialog.querySelectorAll('[data-role="remove"]')); // not for everyone
  const sure = role(dialog, 'sure', HTMLButtonElement);
  let busy = false;

  const caseId = () => store.state.case?.id ?? '';
  const problem = (/** @type {string} */ words) => message(role(dialog, 'problem'), words);

  /** Run one action at a time, and show its error in the dialog. @param {() => Promise<void>} task */
  async function act(task) {
    if (busy) return;
    busy = true;
    problem('');
    try {
      await task();
    } catch (error) {
      const { code, message: words } = asProblem(error);
      if (code === 'case_changed') {
        confirming(false); // what was said to be lost is not what would be lost now
        await refresh().catch(() => {}); // the next try is of the case as it is then
      }
      problem(words);
    } finally {
      busy = false;
    }
  }

  async function rename() {
    const pseudonym = field.value.trim();
    if (!pseudonym || pseudonym === store.state.case?.pseudonym) return dialog.close();
    if (!(await maySupersede(t('reading.about.rename')))) return;
    await call('patch', '/api/v1/cases/{case_id}', { params: { case_id: caseId() }, send: { pseudonym }, ifMatch: store.state.etag });
    dialog.close();
    onRenamed(pseudonym);
    await refresh();
  }

  /** Ask before deleting, and list what is deleted. */
  async function ask() {
    const { words, refused } = await lossesOfCase(caseId());
    if (refused) return problem(words);
    role(dialog, 'losses').textContent = words;
    confirming(true);
  }

  /** @param {boolean} on */
  function confirming(on) {
    role(dialog, 'confirm').hidden = !on;
    if (remove) remove.disabled = on;
    if (on) role(dialog, 'keep').focus();
  }

  async function erase() {
    const where = { params: { case_id: caseId() }, ifMatch: store.state.etag };
    await confirmed(() => call('delete', '/api/v1/cases/{case_id}', where)); // an administrator proves first who they are
    onDeleted();
  }

  role(dialog, 'cancel').addEventListener('click', () => dialog.close());
  role(dialog, 'keep').addEventListener('click', () => confirming(false));
  sure.addEventListener('click', () => act(erase));
  remove?.addEventListener('click', () => act(ask));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    act(rename);
  });

  return {
    open() {
      if (dialog.open) return;
      field.value = store.state.case?.pseudonym ?? '';
      problem('');
      confirming(false);
      dialog.showModal();
    },
  };
}
