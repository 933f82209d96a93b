// The JSON API as the pages use it: same-origin cookie, CSRF token, problems as errors.

import { problemWords } from './codes.js';

/** @typedef {Record<string, string | number>} Params */
/** @typedef {{params?: Params, query?: Record<string, string> | [string, string][]}} Where */
/** @typedef {import('./types.d.ts').Method} Method */

const page = globalThis.document;
const language = page?.documentElement.lang || 'en';
const csrfToken = page?.querySelector('meta[name="csrf-token"]')?.getAttribute('content') ?? '';

/** A problem document of the API (RFC 9457), or a failure that kept it from answering (status 0). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} document
   */
  constructor(status, document) {
    super(problemWords(document));
    this.status = status;
    this.code = document.code || 'unknown';
    this.document = document;
  }

  /** Whether the same request may succeed a little later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The network did not let the API answer. */
export const offline = () => new Problem(0, { code: 'offline' });

/** Whatever went wrong as a problem; a fault of ours is thrown on. @param {unknown} error */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  throw error;
}

/**
 * An address with its blanks filled in and its query added.
 * @param {string} path Such as `/api/v1/cases/{case_id}`.
 * @param {Where} [where]
 */
export function address(path, { params = {}, query } = {}) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]));
  return query ? `${filled}?${new URLSearchParams(query)}` : filled;
}

/** An answer that is not what the API writes, such as a proxy's error page, counts as empty. @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/**
 * Fetch from this server.
 * @param {string} target
 * @param {RequestInit} [options]
 * @throws {Problem} The network failed.
 */
async function ask(target, options = {}) {
  try {
    return await fetch(target, { credentials: 'same-origin', ...options });
  } catch {
    throw offline();
  }
}

/**
 * Fetch what is no JSON, such as a picture or a page.
 * @param {string} target
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 * @throws {Problem}
 */
export async function fetchRaw(target, options) {
  const response = await ask(target, options);
  if (!response.ok) throw new Problem(response.status, {});
  return response;
}

/**
 * @param {Method} method
 * @param {{etag?: string | null, ifMatch?: string | null}} conditions
 * @param {BodyInit | undefined} body
 */
function headersOf(method, { etag, ifMatch }, body) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', 'Accept-Language': language };
  if (method !== 'get') headers['X-CSRF-Token'] = csrfToken;
  if (typeof body === 'string') headers['Content-Type'] = 'application/json';
  if (etag) headers['If-None-Match'] = etag;
  if (ifMatch) headers['If-Match'] = ifMatch;
  return headers;
}

/**
 * Call an operation of the API by its whole address. `call` does so by the path of the OpenAPI document.
 * @param {Method} method
 * @param {string} target
 * @param {{send?: unknown, keepalive?: boolean, etag?: string | null, ifMatch?: string | null}} [options] `send`: JSON or
 *     a form; `keepalive`: go on though the page is left.
 * @returns {Promise<{status: number, body: any, headers: Headers}>} `body` is null for 304 and empty answers.
 * @throws {Problem}
 */
export async function request(method, target, { send, keepalive, ...conditions } = {}) {
  const body = send instanceof FormData ? send : send ? JSON.stringify(send) : undefined;
  const headers = headersOf(method, conditions, body);
  const response = await ask(target, { method: method.toUpperCase(), headers, body, keepalive, cache: 'no-store' });
  const text = await response.text().catch(() => {
    throw offline();
  });
  if (response.status === 304) return { status: 304, body: null, headers: response.headers };
  const answer = text ? parse(text) : null;
  if (!response.ok) throw new Problem(response.status, answer ?? {});
  return { status: response.status, body: answer, headers: response.headers };
}

/**
 * Call an operation of the API; its types are those of the OpenAPI document.
 * @template {Method} M
 * @template {import('./types.d.ts').PathOf<M>} P
 * @param {M} method
 * @param {P} path
 * @param {Where & {send?: import('./types.d.ts').SendOf<M, P> | FormData, keepalive?: boolean, etag?: string | null, ifMatch?: string | null}} [options]
 * @returns {Promise<{status: number, body: import('./types.d.ts').AnswerOf<M, P>, headers: Headers}>} `body` is null
 *     where the answer to `etag` is 304.
 * @throws {Problem}
 */
export async function call(method, path, { params, query, ...options } = {}) {
  return request(method, address(path, { params, query }), options);
}
