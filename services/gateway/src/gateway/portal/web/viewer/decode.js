// Loads the pictures of an image: the display image first, then the heat map, then the film in full depth.

import { Problem, address, asProblem, call, fetchRaw, offline } from '../core/api.js';
import { untilDrawn } from '../core/poll.js';
import { breastOf } from './breast.js';
import { colourHeat } from './heat.js';
import { ColourSource, GreySource } from './sources.js';
import { turnPicture, turnResult } from './turn.js';

/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {(change: Partial<ViewedImage>) => void} Patch Changes what is known of the image; nothing once it is outdated. */

/**
 * Load result and display image, then the heat map. Failures are kept in the image.
 * @param {ViewedImage} image
 * @param {Patch} patch
 */
export async function loadPictures({ jobId, film }, patch) {
  try {
    const { body: stored } = await call('get', '/api/v1/jobs/{job_id}/result', { params: { job_id: jobId } });
    const { hanging } = stored.image;
    const result = turnResult(stored);
    const bitmap = turnPicture(await picture(jobId, result.display.file), hanging);
    patch({ result, source: film ? GreySource.fromBitmap(bitmap) : new ColourSource(bitmap) });
    if (result.heat_map) patch({ heat: colourHeat(turnPicture(await picture(jobId, result.heat_map.file), hanging), bitmap, film) });
  } catch (error) {
    patch({ problem: asProblem(error) });
  }
}

/**
 * Load a film's samples of more than 8 bits, and find the breast. Without them the display image stays, and the pane says
 * so. It is not cropped, since its window may hide tissue, unless the film has no more than it.
 * @param {ViewedImage} image With its result.
 * @param {Patch} patch
 * @returns {Promise<boolean>} Whether that is settled; it may be tried again where it is not.
 */
export async function loadDepth({ id, entry, result, source: shown }, patch) {
  const params = { image_id: id };
  patch({ depth: 'loading' });
  try {
    const film = await untilDrawn(async () => (await call('get', '/api/v1/images/{image_id}/film', { params })).body);
    const facts = film.facts?.samples;
    if (!film.facts || !facts) {
      const whole = film.facts && !film.facts.error && shown?.grey;
      patch({ depth: 'eight', ...(whole ? breastOf(shown.levels[0], result?.image, entry.laterality) : {}) });
      return true;
    }
    const answer = await fetchRaw(address('/api/v1/images/{image_id}/film/samples', { params }));
    const { levels, breast, tip } = await decoded(await answer.arrayBuffer(), facts, result?.image, entry.laterality);
    const source = new GreySource(levels, { ...facts, bits: film.facts.bits ?? 16 });
    patch({ source, breast, tip, depth: source.bits > 8 ? 'deep' : 'eight' });
    return true;
  } catch {
    patch({ depth: 'eight' });
    return false;
  }
}

/** @typedef {{levels: import('./samples.js').Level[], breast: import('./geometry.js').Box | null, tip: import('./geometry.js').Point | null}} Decoded */

/** @type {Worker | null} */
let worker = null;
/** @type {Map<number, {resolve: (decoded: Decoded) => void, reject: (error: unknown) => void}>} */
const waiting = new Map();
let count = 0;

function decoder() {
  if (worker) return worker;
  worker = new Worker('/static/viewer/decode-worker.js', { type: 'module' });
  worker.addEventListener('message', ({ data: { number, ...film } }) => {
    waiting.get(number)?.resolve(film);
    waiting.delete(number);
  });
  worker.addEventListener('error', (error) => {
    worker = null; // the next film gets another one
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return worker;
}

/**
 * A film's samples as it hangs, with coarser copies, and where the breast is: worked out beside the page.
 * @param {ArrayBuffer} buffer
 * @param {{width: number, height: number}} size
 * @param {import('../core/types.d.ts').Result['image'] | undefined} image
 * @param {string | null} [laterality]
 * @returns {Promise<Decoded>}
 */
function decoded(buffer, { width, height }, image, laterality = null) {
  count += 1;
  const number = count;
  return new Promise((resolve, reject) => {
    waiting.set(number, { resolve, reject });
    const hanging = image?.hanging ?? null;
    decoder().postMessage({ number, buffer, size: { width, height }, hanging, image: image && { width: image.width }, laterality }, [buffer]);
  });
}

/** @param {string} jobId @param {string} file @throws {Problem} It does not arrive, or not whole. */
async function picture(jobId, file) {
  const answer = await fetchRaw(address('/api/v1/jobs/{job_id}/result/{picture}', { params: { job_id: jobId, picture: file } }));
  const content = await answer.blob().catch(() => {
    throw offline();
  });
  return createImageBitmap(content).catch(() => {
    throw new Problem(0, {});
  });
}
