// Asks the person to authenticate again, on the page, when the API requires it; then repeats the request.

import { asProblem, call } from './api.js';
import { all, find, message, role } from './dom.js';
import { uuid } from './unique.js';

export const CHANNEL = 'lobule-confirmation';

/**
 * Make a call; where it needs a fresh authentication, ask for one and make it again.
 * @template T
 * @param {() => Promise<T>} make
 * @returns {Promise<T>}
 * @throws {import('./api.js').Problem} Also `authentication_too_old`, where the person does not prove who they are.
 */
export async function confirmed(make) {
  try {
    return await make();
  } catch (error) {
    const problem = asProblem(error);
    if (problem.code !== 'authentication_too_old' || !(await ask())) throw problem;
  }
  return make();
}

/** Open the dialog; whether the person proved who they are. @returns {Promise<boolean>} */
function ask() {
  const dialog = find(document, '#confirm', HTMLDialogElement);
  const form = find(dialog, 'form', HTMLFormElement);
  const [password] = /** @type {HTMLInputElement[]} */ (all(form, '[name="password"]')); // none where a provider is asked
  const over = new AbortController();
  const id = uuid();
  const channel = new BroadcastChannel(CHANNEL); // the provider's window says on it for which dialog the person did
  let busy = false;

  async function prove(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    if (busy || !password) return;
    busy = true;
    message(role(dialog, 'problem'), '');
    try {
      await call('post', '/api/v1/sessions/current/authentication', { send: { password: password.value } });
      dialog.close('proved');
    } catch (error) {
      message(role(dialog, 'problem'), asProblem(error).message);
      password.value = '';
      password.focus();
    } finally {
      busy = false;
    }
  }

  return new Promise((resolve) => {
    form.addEventListener('submit', prove, over);
    role(dialog, 'cancel').addEventListener('click', () => dialog.close(''), over);
    channel.addEventListener('message', ({ data }) => {
      if (data === id) dialog.close('proved'); // what was confirmed for another page signs nothing here
    }, over);
    dialog.addEventListener('close', () => {
      over.abort();
      channel.close();
      form.reset();
      resolve(dialog.returnValue === 'proved');
    }, over);
    message(role(dialog, 'problem'), '');
    dialog.returnValue = '';
    const provider = password ? null : role(dialog, 'provider', HTMLAnchorElement);
    if (provider) provider.search = `?confirm=${id}`;
    dialog.showModal();
    (password ?? provider)?.focus();
  });
}
