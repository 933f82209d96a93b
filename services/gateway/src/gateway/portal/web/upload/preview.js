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
 * Ask the server to draw a file.
 * @param {File} file
 * @param {DOMStringMap} urls With the case that the file is for, and the image that it replaces, if any.
 * @returns {Promise<any>} As the API's `PreviewRead`: what the file's header says, while the picture is being drawn.
 * @throws {Problem}
 */
export async function askForPreview(file, urls) {
  const form = new FormData();
  if (urls.caseId) form.append('case_id', urls.caseId);
  if (urls.replaces) form.append('replaces', urls.replaces);
  form.append('file', file, file.name);
  return (await call(urls.previewsUrl, { method: 'POST', send: form })).body;
}

/**
 * Wait for a picture that the server was asked for, and have it forgotten there.
 * @param {any} preview As `askForPreview` gave it.
 * @param {DOMStringMap} urls
 * @returns {Promise<{facts: any, picture: HTMLCanvasElement | null}>} `facts` as the API's `PictureFacts`.
 * @throws {Problem}
 */
export async function serverPreview(preview, urls) {
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
