// Requests hung films with coarser copies from the web worker `film-worker.js`.

/** @typedef {import('../core/types.d.ts').Result['image']} Image */
/**
 * @typedef {object} Decoded
 * @property {import('./samples.js').Level[]} levels
 * @property {import('./samples.js').Level[]} copies Of the same, for the worker that paints: copying them on the page's thread would delay input.
 * @property {import('../core/types.d.ts').PictureFacts} facts Of an overview.
 */

/** @type {Worker | null} */
let worker = null;
/** @type {Map<number, {resolve: (decoded: Decoded) => void, reject: (error: unknown) => void}>} */
const waiting = new Map();
let count = 0;

function decoder() {
  if (worker) return worker;
  worker = new Worker('/static/viewer/film-worker.js', { type: 'module' });
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

/** @param {ArrayBuffer} buffer @param {{width: number, height: number} | null} size Null where the buffer says it. @param {Image | undefined} image @returns {Promise<Decoded>} */
function decoded(buffer, size, image) {
  count += 1;
  const number = count;
  return new Promise((resolve, reject) => {
    waiting.set(number, { resolve, reject });
    const hanging = image?.hanging ?? null;
    decoder().postMessage({ act: 'decode', number, buffer, size, hanging }, [buffer]);
  });
}

/** @param {ArrayBuffer} buffer @param {{width: number, height: number}} size @param {Image | undefined} image */
export const decodedSamples = (buffer, { width, height }, image) => decoded(buffer, { width, height }, image);

/** @param {ArrayBuffer} buffer As `FilmOverview` of the API. @param {Image | undefined} image */
export const decodedOverview = (buffer, image) => decoded(buffer, null, image);
