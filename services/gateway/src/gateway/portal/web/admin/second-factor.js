// Sets up the second factor: shows the secret for an authenticator app, takes a first code, shows the recovery codes.

import { asProblem, call } from '../core/api.js';
import { confirmed } from '../core/confirm.js';
import { find, message, role } from '../core/dom.js';

const root = document.getElementById('second-factor');
if (root) setUp(root);

/** @param {HTMLElement} root */
function setUp(root) {
  const begin = role(root, 'begin', HTMLButtonElement);
  const form = role(root, 'app', HTMLFormElement);
  const code = find(form, '[name="code"]', HTMLInputElement);
  const problem = role(root, 'problem');
  begin.disabled = false;

  /** Make a call of the API, and show what went wrong. @template T @param {() => Promise<T>} make */
  async function attempt(make) {
    message(problem, '');
    try {
      return await confirmed(make);
    } catch (error) {
      problem.classList.add('bad');
      message(problem, asProblem(error).message, { symbol: 'alert' });
      return null;
    }
  }

  begin.addEventListener('click', async () => {
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
    form.hidden = true;
    role(root, 'recovery').hidden = false;
    const codes = role(root, 'codes');
    codes.textContent = answer.body.codes.join('\n');
    codes.focus();
  });
}
