// Loads the pictures of an image. One response has everything that a film needs until the reader zooms in: its samples in full
// depth, at the size of a pane. Until it is ready, the display image is shown; the full samples are loaded on request.

import { Problem, address, asProblem, call, fetchRaw, offline } from '../core/api.js';
import { untilDrawn } from '../core/poll.js';
import { decodedOverview, decodedSamples } from './decoder.js';
import { pixelsOf, turnPicture, turnResult } from './hung.js';
import { ColourSource, GreySource } from './sources.js';

/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {(change: Partial<ViewedImage>) => void} Patch Changes what is known of the image; nothing once it is outdated. */

/**
 * Load a result, and a film's overview or else the display image. Failures are kept in the image.
 * @param {ViewedImage} image
 * @param {Patch} patch
 * @param {Promise<Record<string, import('../core/types.d.ts').Result>>} results What was asked for together, by job.
 */
export async function loadPictures({ id, jobId, film }, patch, results) {
  try {
    const overview = film ? fetchOverview(id).catch(() => null) : null;
    const stored = (await results)[jobId] ?? (await call('get', '/api/v1/jobs/{job_id}/result', { params: { job_id: jobId } })).body;
    const result = turnResult(stored);
    const deep = await overview;
    if (deep) return patch({ result, ...(await fromOverview(deep, result.image)) });
    const bitmap = turnPicture(await pictureOf(jobId, result.display.file), stored.image.hanging);
    return patch({ result, source: film ? GreySource.fromBitmap(bitmap) : new ColourSource(bitmap) });
  } catch (error) {
    return patch({ problem: asProblem(error) });
  }
}

/**
 * Load the pixels of a film that was not analysed, as its file has them: they are to be read all the same.
 * @param {ViewedImage} image
 * @param {Patch} patch
 * @returns {Promise<boolean>} Whether that is settled; it may be tried again where it is not.
 */
export async function loadUnanalysed({ id }, patch) {
  const params = { image_id: id };
  try {
    const { state, facts } = await untilDrawn(async () => (await call('get', '/api/v1/images/{image_id}/film', { params })).body);
    if (!facts) return state !== 'drawing';
    const { samples, width, height } = facts;
    const overview = samples && width && height ? await fetchOverview(id) : null;
    const size = { width: width ?? 1, height: height ?? 1 };
    if (overview) patch({ size, ...(await fromOverview(overview, size)) });
    else await fromFile(id, patch);
    return true;
  } catch {
    return false;
  }
}

/** A film of 8 bits, where the browser can read its file. @param {string} id @param {Patch} patch */
async function fromFile(id, patch) {
  const answer = await fetchRaw(address('/api/v1/images/{image_id}/content', { params: { image_id: id } }));
  const bitmap = await createImageBitmap(await answer.blob()).catch(() => null);
  if (bitmap) patch({ size: { width: bitmap.width, height: bitmap.height }, source: GreySource.fromBitmap(bitmap) });
}

/** The overview of a film; null where it is not drawn, or there is none. @param {string} id */
async function fetchOverview(id) {
  const answer = await fetchRaw(address('/api/v1/images/{image_id}/film/overview', { params: { image_id: id } }));
  const content = await answer.arrayBuffer(); // read in any case: an answer that is left unread keeps its connection
  return answer.status === 200 ? content : null;
}

/** @param {ArrayBuffer} buffer @param {import('./decoder.js').Image | import('./geometry.js').Size} image As it hangs. @returns {Promise<Partial<ViewedImage>>} */
async function fromOverview(buffer, image) {
  const { levels, copies, facts } = await decodedOverview(buffer, 'hanging' in image ? image : undefined);
  if (!facts.samples) throw new Problem(0, {});
  const coarse = levels[0].width < pixelsOf(image).width;
  const source = new GreySource(levels, { ...facts.samples, bits: facts.bits ?? 16, coarse, copies });
  return { source, depth: source.bits > 8 ? 'deep' : 'eight' };
}

/**
 * Load the heat map of an image, once it is wanted.
 * @param {ViewedImage} image With its result.
 * @param {Patch} patch
 */
export async function loadHeat({ jobId, film, result }, patch) {
  if (!result?.heat_map) return;
  const { hanging } = result.image;
  const [{ colourHeat }, below, map] = await Promise.all([import('./heat.js'), pictureOf(jobId, result.display.file), pictureOf(jobId, result.heat_map.file)]);
  patch({ heat: colourHeat(turnPicture(map, hanging), turnPicture(below, hanging), film) });
}

/**
 * Load a film in its full depth where its display image is shown. Without it the display image stays, and the pane says so.
 * @param {ViewedImage} image With its result.
 * @param {Patch} patch
 * @returns {Promise<boolean>} Whether that is settled; it may be tried again where it is not.
 */
export async function loadDepth({ id, result }, patch) {
  const params = { image_id: id };
  patch({ depth: 'loading' });
  try {
    const film = await untilDrawn(async () => (await call('get', '/api/v1/images/{image_id}/film', { params })).body);
    if (!film.facts?.samples) {
      patch({ depth: 'eight' });
      return true;
    }
    const overview = result ? await fetchOverview(id) : null;
    patch(overview && result ? await fromOverview(overview, result.image) : await allSamples(id, result, film.facts));
    return true;
  } catch {
    patch({ depth: 'eight' });
    return false;
  }
}

/**
 * Load all samples of a film of which the overview is shown: somebody zooms in.
 * @param {ViewedImage} image With its result.
 * @param {Patch} patch
 * @returns {Promise<boolean>} Whether they are there.
 */
export async function loadAll({ id, result, depth }, patch) {
  patch({ depth: 'finer' });
  try {
    const { body: film } = await call('get', '/api/v1/images/{image_id}/film', { params: { image_id: id } });
    if (!film.facts?.samples) throw new Problem(0, {});
    const { source } = await allSamples(id, result, film.facts);
    patch({ source, depth: 'deep' });
    return true;
  } catch {
    patch({ depth });
    return false;
  }
}

/** @param {string} id @param {ViewedImage['result']} result @param {import('../core/types.d.ts').PictureFacts} facts */
async function allSamples(id, result, { samples, bits }) {
  if (!samples) throw new Problem(0, {});
  const answer = await fetchRaw(address('/api/v1/images/{image_id}/film/samples', { params: { image_id: id } }));
  const { levels, copies } = await decodedSamples(await answer.arrayBuffer(), samples, result?.image);
  const source = new GreySource(levels, { ...samples, bits: bits ?? 16, copies });
  return { source, depth: /** @type {ViewedImage['depth']} */ (source.bits > 8 ? 'deep' : 'eight') };
}

/** @param {string} jobId @param {string} file */
const pictureOf = (jobId, file) => picture(address('/api/v1/jobs/{job_id}/result/{picture}', { params: { job_id: jobId, picture: file } }));

/** @param {string} at @throws {Problem} It does not arrive, or not whole. */
export async function picture(at) {
  const answer = await fetchRaw(at);
  const content = await answer.blob().catch(() => {
    throw offline();
  });
  return createImageBitmap(content).catch(() => {
    throw new Problem(0, {});
  });
}
