// Tests a node's connections: requests a task, and shows its outcome once the node has run it.

import { asProblem, request } from '../core/api.js';
import { byId, message } from '../core/dom.js';
import { t } from '../core/words.js';

const EVERY_MS = 1000;
const LONGEST_MS = 90_000;
const note = byId('message');

/** @param {string} words @param {boolean} bad */
function show(words, bad) {
  note.classList.toggle('bad', bad);
  message(note, words, { symbol: bad ? 'alert' : 'clear' });
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Request a task, and wait for its outcome.
 * @param {HTMLButtonElement} button
 */
async function ask(button) {
  const { confirm, node = '', peer = '', task = '' } = button.dataset;
  if (confirm && !window.confirm(confirm)) return;
  button.disabled = true;
  show(t('admin.node.asked'), false);
  const place = `/api/v1/nodes/${encodeURIComponent(node)}/tasks`;
  try {
    const { body } = await request('post', place, { send: { kind: task, peer } });
    const until = Date.now() + LONGEST_MS;
    while (Date.now() < until) {
      const { body: now } = await request('get', `${place}/${body.id}`);
      if (now.ended_at) return location.reload();
      await pause(EVERY_MS);
    }
    show(t('admin.node.slow'), true);
  } catch (error) {
    show(asProblem(error).message, true);
  }
  button.disabled = false;
}

for (const button of document.querySelectorAll('button[data-task]')) {
  if (!(button instanceof HTMLButtonElement)) continue;
  button.disabled = false;
  button.addEventListener('click', () => ask(button));
}
