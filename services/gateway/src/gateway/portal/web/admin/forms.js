// Forms, buttons and choices that say which call of the API they make; the page shows what became of it.

import { call } from '../core/api.js';
import { message } from '../core/dom.js';
import { t } from '../core/words.js';

const note = document.getElementById('message');

/** What a form sends: numbers as numbers, boxes as lists, optional empty fields not at all. */
function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === 'checkbox') values[field.name] = [...(values[field.name] || []), ...(field.checked ? [field.value] : [])];
    else if ('number' in field.dataset) values[field.name] = field.value ? Number(field.value) : null;
    else if (field.value || !('optional' in field.dataset)) values[field.name] = field.value;
  }
  return values;
}

function show(words, bad) {
  note.classList.toggle('bad', bad);
  message(note, words, { symbol: bad ? 'alert' : 'clear' });
  note.scrollIntoView({ block: 'nearest' });
}

/** Make the call of an element; afterwards show the secret, the words for it, or the page as it is now. */
async function act(element, send) {
  if (element.dataset.confirm && !window.confirm(element.dataset.confirm)) return;
  try {
    const { body } = await call(element.dataset.url, { method: element.dataset.call, send });
    if (body && body.secret) {
      document.getElementById('secret').hidden = false;
      const value = document.getElementById('secret-value');
      value.textContent = body.secret;
      value.focus();
    } else if (element.dataset.goto) {
      window.location.assign(element.dataset.goto);
    } else if (element.dataset.done) {
      element.reset();
      show(t(element.dataset.done), false);
    } else {
      window.location.reload();
    }
  } catch (problem) {
    show(problem.message, true);
    if (element.matches('select')) element.value = element.querySelector('option[selected]').value;
  }
}

document.addEventListener('submit', (event) => {
  if (!event.target.dataset.call) return;
  event.preventDefault();
  act(event.target, valuesOf(event.target));
});
document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-call]');
  if (button) act(button, button.dataset.send ? JSON.parse(button.dataset.send) : null);
});
document.addEventListener('change', (event) => {
  if (event.target.matches('select[data-call]')) act(event.target, { [event.target.name]: event.target.value });
});

// Until this script was there, the browser would have sent forms by itself, to nobody.
for (const button of document.querySelectorAll('button[data-call], form[data-call] button')) button.disabled = false;
