// Uploads a form and reports progress. Only XMLHttpRequest says how much was sent.

import { Problem, offline } from './api.js';

/**
 * @param {string} target
 * @param {FormData} form
 * @param {(sent: number, whole: number) => void} onProgress In bytes.
 * @returns {{done: Promise<any>, abort: () => void}} `done` gives the answer, or rejects with a `Problem`.
 */
export function upload(target, form, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded, event.total);
    });
    request.addEventListener('load', () => {
      const good = request.status >= 200 && request.status < 300;
      if (good) resolve(parsed(request));
      else reject(new Problem(request.status, parsed(request)));
    });
    request.addEventListener('error', () => reject(offline()));
    request.addEventListener('abort', () => reject(new Problem(0, { code: 'upload_cancelled' })));
  });
  request.open('POST', target);
  request.setRequestHeader('Accept', 'application/json');
  request.setRequestHeader('Accept-Language', document.documentElement.lang);
  request.setRequestHeader('X-CSRF-Token', document.querySelector('meta[name="csrf-token"]')?.getAttribute('content') ?? '');
  request.send(form);
  return { done, abort: () => request.abort() };
}

/** @param {XMLHttpRequest} request */
function parsed({ responseText }) {
  try {
    return JSON.parse(responseText);
  } catch {
    return {};
  }
}
