// The worklist: while something is being analysed, the server is asked for the table again.

import { localTimes } from './words.js';

const EVERY_MS = 3000;
const HIDDEN_MS = 30000;
const list = document.getElementById('jobs');

async function refresh() {
  try {
    const response = await fetch(list.dataset.url, { credentials: 'same-origin', redirect: 'error' });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('jobs');
    if (!fresh) return;
    localTimes(fresh);
    list.dataset.live = fresh.dataset.live;
    if (fresh.innerHTML === list.innerHTML) return;
    const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    list.replaceChildren(...fresh.children);
    if (focused) list.querySelector(`[href="${focused}"]`)?.focus();
  } catch {
    // The next try may reach it; what stands there stays.
  }
}

async function loop() {
  if (list.dataset.live !== 'true') return;
  await refresh();
  setTimeout(loop, document.hidden ? HIDDEN_MS : EVERY_MS);
}

localTimes(list);
setTimeout(loop, EVERY_MS);
