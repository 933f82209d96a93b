// The JSON API as the pages use it: same-origin cookie, CSRF token, problems as errors.

const csrfToken = document.querySelector('meta[name="csrf-token"]').content;

/** A problem document of the API (RFC 9457), or a failure that kept it from answering (status 0). */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || 'The server did not understand the request.');
    this.status = status;
    this.code = document.code || 'unknown';
    this.document = document;
  }
}

const offline = () =>
  new Problem(0, { code: 'offline', detail: 'Lobule cannot be reached. Please check the network connection.' });

/** An answer that is not what the API writes: a proxy's error page, for example. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** The URL of a template with its `{id}` filled in. */
export const url = (template, id) => template.replace('{id}', encodeURIComponent(id));

/**
 * Get or post JSON.
 * @returns {Promise<{status: number, body: any, headers: Headers}>} body is null for 304 and empty answers.
 * @throws {Problem}
 */
export async function call(target, { method = 'GET', etag = null } = {}) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRF-Token'] = csrfToken;
  if (etag) headers['If-None-Match'] = etag;
  let response, text;
  try {
    response = await fetch(target, { method, headers, credentials: 'same-origin', cache: 'no-store' });
    text = await response.text();
  } catch {
    throw offline();
  }
  if (response.status === 304) return { status: 304, body: null, headers: response.headers };
  const body = text ? parse(text) : null;
  if (!response.ok) throw new Problem(response.status, body || {});
  return { status: response.status, body, headers: response.headers };
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
    request.addEventListener('error', () => reject(offline()));
    request.addEventListener('abort', () =>
      reject(new Problem(0, { code: 'cancelled', detail: 'The upload was cancelled. Nothing was stored.' })),
    );
  });
  request.open('POST', target);
  request.setRequestHeader('Accept', 'application/json');
  request.setRequestHeader('X-CSRF-Token', csrfToken);
  request.send(form);
  return { done, abort: () => request.abort() };
}
