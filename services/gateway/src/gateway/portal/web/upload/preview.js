// A small picture of a chosen file: by the browser where it can, by the server where it cannot.

import { Problem, call, url } from '../core/api.js';

const PATIENCE_MS = 30000;
const SIDE = 240;

/**
 * Let the browser decode a file, and keep a small copy.
 * @param {File} file
 * @returns {Promise<{width: number, height: number, picture: HTMLCanvasElement}>} Rejects where it cannot be decoded.
 */
export async function localPreview(file) {
  const source = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = source;
    await image.decode();
    return { width: image.naturalWidth, height: image.naturalHeight, picture: small(image) };
  } finally {
    URL.revokeObjectURL(source);
  }
}

/**
 * Let the server draw a file.
 * @param {File} file
 * @param {DOMStringMap} urls
 * @returns {Promise<{facts: any, picture: HTMLCanvasElement | null}>} `facts` as the API's `PictureFacts`.
 * @throws {Problem}
 */
export async function serverPreview(file, urls) {
  const form = new FormData();
  form.append('file', file, file.name);
  let { body: preview } = await call(urls.previewsUrl, { method: 'POST', send: form });
  const here = url(urls.previewUrl, preview.id);
  const until = performance.now() + PATIENCE_MS;
  try {
    while (preview.state === 'drawing') {
      if (performance.now() > until) throw new Problem(0, { code: 'timed_out' });
      await new Promise((done) => setTimeout(done, preview.poll_after_ms));
      ({ body: preview } = await call(here));
    }
    if (preview.state === 'failed') return { facts: preview.facts, picture: null };
    const image = new Image();
    image.src = url(urls.previewPictureUrl, preview.id);
    await image.decode();
    return { facts: preview.facts, picture: small(image) };
  } finally {
    call(here, { method: 'DELETE' }).catch(() => {}); // the server forgets it within the hour anyway
  }
}

function small(image) {
  const scale = Math.min(1, SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}
