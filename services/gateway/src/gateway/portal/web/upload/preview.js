// Draws a small picture of a chosen file: in the browser if it can decode the file, otherwise on the server.

import { Problem, address, call } from '../core/api.js';
import { untilDrawn } from '../core/poll.js';

/** @typedef {import('../core/types.d.ts').PictureFacts} PictureFacts */
/** @typedef {import('../core/types.d.ts').PreviewRead} PreviewRead */

const PATIENCE_MS = 30000;
const SIDE = 480;

/**
 * Let the browser decode a file, and keep a small copy.
 * @param {File} file
 * @returns {Promise<{width: number, height: number, picture: HTMLCanvasElement}>} Rejects where it cannot be decoded.
 */
export async function localPreview(file) {
  const source = URL.createObjectURL(file);
  try {
    const image = await decoded(source);
    return { width: image.naturalWidth, height: image.naturalHeight, picture: small(image) };
  } finally {
    URL.revokeObjectURL(source);
  }
}

/**
 * Ask the server to draw a file.
 * @param {File} file
 * @param {{caseId: string, replaces: string}} where The case that the file is for, and the image that it replaces, if any.
 * @returns {Promise<PreviewRead>} What the file's header says, while the picture is being drawn.
 * @throws {Problem}
 */
export async function askForPreview(file, { caseId, replaces }) {
  const form = new FormData();
  if (caseId) form.append('case_id', caseId);
  if (replaces) form.append('replaces', replaces);
  form.append('file', file, file.name);
  return (await call('post', '/api/v1/previews', { send: form })).body;
}

/**
 * Wait for a picture that the server was asked for, and have it forgotten there.
 * @param {PreviewRead} accepted As `askForPreview` gave it.
 * @returns {Promise<{facts: PictureFacts | null, picture: HTMLCanvasElement | null}>}
 * @throws {Problem}
 */
export async function serverPreview(accepted) {
  const params = { preview_id: accepted.id };
  const until = performance.now() + PATIENCE_MS;
  try {
    const ask = async () => {
      if (performance.now() > until) throw new Problem(0, { code: 'timed_out' });
      return (await call('get', '/api/v1/previews/{preview_id}', { params })).body;
    };
    const drawn = accepted.state === 'drawing' ? await untilDrawn(ask, { tries: Infinity, slowing: false }) : accepted;
    if (drawn.state === 'failed') return { facts: drawn.facts, picture: null };
    return { facts: drawn.facts, picture: small(await decoded(address('/api/v1/previews/{preview_id}/picture', { params }))) };
  } finally {
    call('delete', '/api/v1/previews/{preview_id}', { params }).catch(() => {}); // the server forgets it within the hour anyway
  }
}

/** @param {string} source */
async function decoded(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

/** @param {HTMLImageElement} image */
function small(image) {
  const scale = Math.min(1, SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}
