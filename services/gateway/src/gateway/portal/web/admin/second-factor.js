// Sets up the second factor: an authenticator app by its secret and a first code, or a security key; shows the recovery
// codes.

import { asProblem, call } from '../core/api.js';
import { confirmed } from '../core/confirm.js';
import { all, find, message, role } from '../core/dom.js';
import { createKey, offered } from '../core/security-key.js';
import { t } from '../core/words.js';

const root = document.getElementById('second-factor');
if (root) setUp(root);

/** @param {HTMLElement} root */
function setUp(root) {
  const [begin] = /** @type {HTMLButtonElement[]} */ (all(root, '[data-role="begin"]')); // none where an app is set up
  const [keyForm] = /** @type {HTMLFormElement[]} */ (all(root, '[data-role="key"]')); // none where the server has no name
  const form = role(root, 'app', HTMLFormElement);
  const code = find(form, '[name="code"]', HTMLInputElement);
  const problem = role(root, 'problem');
  if (begin) begin.disabled = false;
  if (keyForm) find(keyForm, 'button', HTMLButtonElement).disabled = !offered();

  /** Make a call of the API, and show what went wrong. @template T @param {() => Promise<T>} make */
  async function attempt(make) {
    message(problem, '');
    try {
      return await confirmed(make);
    } catch (error) {
      problem.classList.add('bad');
      const words = error instanceof DOMException ? t('confirm.key.failed') : asProblem(error).message;
      message(problem, words, { symbol: 'alert' });
      return null;
    }
  }

  /** Show recovery codes, in place of what was asked for. @param {string[]} fresh */
  function showCodes(fresh) {
    for (const part of [form, keyForm, begin]) if (part) part.hidden = true;
    role(root, 'recovery').hidden = false;
    const codes = role(root, 'codes');
    codes.textContent = fresh.join('\n');
    codes.focus();
  }

  begin?.addEventListener('click', async () => {
    const answer = await attempt(() => call('post', '/api/v1/users/me/second-factor'));
    if (!answer) return;
    role(root, 'picture', HTMLImageElement).src = answer.body.picture;
    role(root, 'secret').textContent = answer.body.secret;
    begin.hidden = true;
    form.hidden = false;
    code.focus();
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const send = { code: code.value };
    const answer = await attempt(() => call('post', '/api/v1/users/me/second-factor/confirmation', { send }));
    code.value = '';
    if (!answer) {
      code.focus();
      return;
    }
    showCodes(answer.body.codes);
  });
  keyForm?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const touch = role(keyForm, 'touch');
    const asked = await attempt(() => call('post', '/api/v1/users/me/second-factor/keys/challenge'));
    if (!asked) return;
    touch.hidden = false;
    const answer = await attempt(async () => {
      const name = find(keyForm, '[name="key"]', HTMLInputElement).value;
      const send = { name, credential: await createKey(asked.body.public_key) };
      return call('post', '/api/v1/users/me/second-factor/keys', { send });
    });
    touch.hidden = true;
    if (!answer) return;
    if (answer.body.recovery_codes.length) showCodes(answer.body.recovery_codes);
    else location.reload();
  });
}
