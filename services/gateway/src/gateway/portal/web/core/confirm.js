// Asks the person to authenticate again, on the page, when the API requires it; then repeats the request.

import { asProblem, call } from './api.js';
import { all, find, message, role } from './dom.js';
import { offered, useKey } from './security-key.js';
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

/** Offer a key to who has one. @param {HTMLButtonElement} button */
async function showIfAny(button) {
  const answer = await call('get', '/api/v1/users/me/second-factor').catch(() => null); // the password proves it, too
  button.hidden = !answer?.body.keys.length;
}

/** Open the dialog; whether the person proved who they are. @returns {Promise<boolean>} */
function ask() {
  const dialog = find(document, '#confirm', HTMLDialogElement);
  const form = find(dialog, 'form', HTMLFormElement);
  const [password] = /** @type {HTMLInputElement[]} */ (all(form, '[name="password"]')); // none where a provider is asked
  const [keyButton] = /** @type {HTMLButtonElement[]} */ (all(dialog, '[data-role="key"]')); // none without a second factor
  const over = new AbortController();
  const id = uuid();
  const channel = new BroadcastChannel(CHANNEL); // the provider's window says on it for which dialog the person did
  let busy = false;

  /** Send what proves who the person is. @param {() => Promise<{password: string} | {credential: Record<string, any>}>} proof */
  async function prove(proof) {
    if (busy) return;
    busy = true;
    message(role(dialog, 'problem'), '');
    try {
      await call('post', '/api/v1/sessions/current/authentication', { send: await proof() });
      dialog.close('proved');
    } catch (error) {
      const words = error instanceof DOMException ? keyButton?.dataset.failed ?? '' : asProblem(error).message;
      message(role(dialog, 'problem'), words);
      password.value = '';
      password.focus();
    } finally {
      busy = false;
    }
  }

  /** A challenge is for one answer: each try asks for one of its own. */
  async function answerOfKey() {
    const { body } = await call('post', '/api/v1/sessions/current/challenge');
    return { credential: await useKey(body.public_key) };
  }

  return new Promise((resolve) => {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (password) prove(async () => ({ password: password.value }));
    }, over);
    keyButton?.addEventListener('click', () => prove(answerOfKey), over);
    if (keyButton && offered()) showIfAny(keyButton);
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
