// The login by a security key, after the password: the form carries what the key answers.

import { byId, find, role } from '../core/dom.js';
import { offered, useKey } from '../core/security-key.js';

const root = byId('key-login');
const button = role(root, 'use', HTMLButtonElement);
const problem = role(root, 'problem');
const field = find(root, '[name="credential"]', HTMLInputElement);

button.disabled = !offered();
button.focus();
button.addEventListener('click', async () => {
  problem.hidden = true;
  try {
    field.value = JSON.stringify(await useKey(JSON.parse(root.dataset.options ?? '')));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    problem.hidden = false;
    return;
  }
  field.form?.submit(); // without the check of its fields: there is no code
});
