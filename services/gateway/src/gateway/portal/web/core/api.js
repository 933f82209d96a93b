// The JSON API as the pages use it: same-origin cookie, CSRF token, problems as errors.

import { problemWords } from './codes.js';

const csrfToken = document.querySelector('meta[name="csrf-token"]').content;

/** A problem document of the API (RFC 9457), or a failure that kept it from answering (status 0). */
export class Problem extends Error {
  constructor(status, document) {
    super(problemWords(document));
    this.status = status;
    this.code = document.code || 'unknown';
    this.document = document;
  }
}

/** An answer that is not what the API writes: a proxy's error page, for example. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** The URL of a template with its `{id}` and other blanks filled in. */
export const url = (template, id, more = {}) =>
  template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(name === 'id' ? id : more[name]));

/**
 * Get or send JSON.
 * @returns {Promise<{status: number, body: any, headers: Headers}>} body is null for 304 and empty answers.
 * @throws {Problem}
 */
export async function call(target, { method = 'GET', etag = null, ifMatch = null, send = null } = {}) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRF-Token'] = csrfToken;
  if (send && !(send instanceof FormData)) headers['Content-Type'] = 'application/json';
  if (etag) headers['If-None-Match'] = etag;
  if (ifMatch) headers['If-Match'] = ifMatch;
  const body = send instanceof FormData ? send : send && JSON.stringify(send);
  let response, text;
  try {
    response = await fetch(target, { method, headers, body, credentials: 'same-origin', cache: 'no-store' });
    text = await response.text();
  } catch {
    throw new Problem(0, { code: 'offline' });
  }
  if (response.status === 304) return { status: 304, body: null, headers: response.headers };
  const answer = text ? parse(text) : null;
  if (!response.ok) throw new Problem(response.status, answer || {});
  return { status: response.status, body: answer, headers: response.headers };
}

/**
 * Upload a form and tell how far it is. Only XMLHttpRequest tells how much was sent.
 * @returns {{done: Promise<any>, abort: () => void}}
 */
export function upload(target, form, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded, event.total);
    });
    request.addEventListener('load', () => {
      const body = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(body);
      else reject(new Problem(request.status, body));
    });
    request.addEventListener('error', () => reject(new Problem(0, { code: 'offline' })));
    request.addEventListener('abort', () => reject(new Problem(0, { code: 'cancelled' })));
  });
  request.open('POST', target);
  request.setRequestHeader('Accept', 'application/json');
  request.setRequestHeader('X-CSRF-Token', csrfToken);
  request.send(form);
  return { done, abort: () => request.abort() };
}
