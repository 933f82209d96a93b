// Sends paint requests of panes to the worker `film-worker.js`. It paints one picture of a pane at a time, then the newest
// one requested: on a slow machine, pictures in between are skipped.

import { find } from '../core/dom.js';

/** @typedef {import('./sources.js').Source} Source */
/** @typedef {import('./geometry.js').Transform} Transform */
/** @typedef {{width: number, height: number, ratio: number}} Pixels A size in device pixels, and how many are a CSS pixel. */
/**
 * @typedef {object} Picture
 * @property {Source} source
 * @property {ImageBitmap | null} heat
 * @property {import('./sources.js').Placed} placed How the source lies in the pane,
 * @property {import('./overlay.js').Laid} laid and how its marks do.
 * @property {import('./overlay.js').Above} above
 * @property {string} key Of `above`: another one is something else.
 */
/** @typedef {{source: number, heat: number | null, above: import('./overlay.js').Above | null} & Pick<Picture, 'placed' | 'laid'>} Sent
 *     A picture as the worker gets it: with numbers for what it keeps, and what lies above where that has changed. */
/**
 * The state of a pane.
 * @typedef {object} Easel
 * @property {number} number
 * @property {HTMLElement} root
 * @property {boolean} there Whether the worker has its canvas.
 * @property {boolean} busy Whether a picture is being painted.
 * @property {string | null} told The key of what lies above, as the worker knows it.
 * @property {{size: Pixels, picture: Picture | null} | null} next
 * @property {{size: Pixels, picture: Picture | null} | null} last
 * @property {Transform | null} shown How the image lies in the picture that is seen,
 * @property {Transform | null} wanted and how it is to lie.
 */

const AGAIN_MS = 2000;
const LEAST = 0.7; // of the size of the picture that is seen: a smaller one would leave much of the pane empty

/** @type {Worker | null} */
let worker = null;
/** @type {Map<HTMLElement, Easel>} */
const easels = new Map();
/** @type {Map<Source | ImageBitmap, number>} What the worker keeps, and by which number. */
const kept = new Map();
let count = 0;

/**
 * Paint a picture on the canvas `image` of a pane; until it is there finely, the pane has the attribute `data-painting`.
 * @param {HTMLElement} root Of the pane.
 * @param {Pixels} size
 * @param {Picture | null} picture Null leaves the pane empty.
 */
export function paint(root, size, picture) {
  const easel = easels.get(root) ?? { number: easels.size, root, there: false, busy: false, told: null, next: null, last: null, shown: null, wanted: null };
  easels.set(root, easel);
  [easel.next, easel.wanted] = [{ size, picture }, picture?.laid.transform ?? null];
  root.toggleAttribute('data-painting', true);
  if (!easel.busy) send(easel);
}

/**
 * Stretch the painted picture to the image's new position, without painting. Returns false if it shows too
 * little of that, or lies no larger or smaller.
 * @param {HTMLElement} root Of the pane.
 * @param {Transform} wanted
 */
export function stretch(root, wanted) {
  const easel = easels.get(root);
  const times = easel?.shown ? wanted.scale / easel.shown.scale : 1;
  if (!easel?.shown || times === 1 || times < LEAST) return false;
  easel.wanted = wanted;
  root.toggleAttribute('data-painting', true);
  lay(easel);
  return true;
}

/** @param {Easel} easel */
function lay({ root, shown, wanted }) {
  const { style } = find(root, '.image', HTMLCanvasElement);
  if (!shown || !wanted || fits(shown, wanted)) style.removeProperty('transform');
  else {
    const times = wanted.scale / shown.scale;
    style.transform = `translate(${wanted.x - shown.x * times}px, ${wanted.y - shown.y * times}px) scale(${times})`;
  }
}

/** @param {Transform | null} shown @param {Transform | null} wanted */
const fits = (shown, wanted) => shown?.scale === wanted?.scale && shown?.x === wanted?.x && shown?.y === wanted?.y;

/** @param {Easel} easel */
function send(easel) {
  const { number: pane, root, next } = easel;
  if (!next) return;
  [easel.next, easel.last, easel.busy] = [null, next, true];
  const beside = painting();
  if (!easel.there) {
    easel.there = true;
    const canvas = find(root, '.image', HTMLCanvasElement).transferControlToOffscreen();
    beside.postMessage({ act: 'canvas', pane, canvas }, [canvas]);
  }
  beside.postMessage({ act: 'paint', pane, size: next.size, picture: next.picture && sentOf(next.picture, easel, beside) });
  dropUnused(beside);
}

/** @param {Picture} picture @param {Easel} easel @param {Worker} beside @returns {Sent} */
function sentOf({ source, heat, placed, laid, above, key }, easel, beside) {
  const same = key === easel.told;
  easel.told = key;
  return { source: numberOf(source, beside), heat: heat && numberOf(heat, beside), placed, laid, above: same ? null : above };
}

/** The number by which the worker knows a source or a heat map; it gets what it does not know. @param {Source | ImageBitmap} what @param {Worker} beside */
function numberOf(what, beside) {
  const known = kept.get(what);
  if (known !== undefined) return known;
  count += 1;
  kept.set(what, count);
  if (what instanceof ImageBitmap) beside.postMessage({ act: 'heat', number: count, bitmap: what });
  else if (what.grey) sendFilm(what, count, beside);
  else beside.postMessage({ act: 'field', number: count, bitmap: what.bitmap });
  return count;
}

/** Its levels are copied where nobody has made copies that can be given away. @param {import('./sources.js').GreySource} film @param {number} number @param {Worker} beside */
function sendFilm(film, number, beside) {
  const { copies } = film;
  film.copies = null;
  beside.postMessage({ act: 'film', number, levels: copies ?? film.levels }, (copies ?? []).map(({ samples }) => samples.buffer));
}

/** Drop sources that no pane shows, to free their memory. @param {Worker} beside */
function dropUnused(beside) {
  const pictures = [...easels.values()].flatMap(({ last, next }) => [last?.picture, next?.picture]);
  const shown = new Set(pictures.flatMap((picture) => [picture?.source, picture?.heat]));
  for (const [what, number] of kept) {
    if (shown.has(what)) continue;
    kept.delete(what);
    beside.postMessage({ act: 'drop', number });
  }
}

function painting() {
  if (worker) return worker;
  worker = new Worker('/static/viewer/film-worker.js', { type: 'module' });
  worker.addEventListener('message', ({ data: { pane } }) => {
    const easel = [...easels.values()].find(({ number }) => number === pane);
    if (!easel) return;
    easel.busy = false;
    easel.shown = easel.last?.picture?.laid.transform ?? null;
    if (find(easel.root, '.image', HTMLCanvasElement).style.transform) requestAnimationFrame(() => lay(easel)); // with the picture, not before it
    if (easel.next) send(easel);
    else if (!easel.last?.picture?.placed.hasty && fits(easel.shown, easel.wanted)) easel.root.removeAttribute('data-painting');
  });
  worker.addEventListener('error', startAnew);
  return worker;
}

/** A worker that did not load or has failed keeps its canvases: another one gets others, and paints what is wanted. */
function startAnew() {
  worker?.terminate();
  worker = null;
  kept.clear();
  for (const easel of easels.values()) {
    const canvas = find(easel.root, '.image', HTMLCanvasElement);
    if (easel.there) canvas.replaceWith(canvas.cloneNode());
    [easel.there, easel.told, easel.shown, easel.next] = [false, null, null, easel.next ?? easel.last];
  }
  setTimeout(() => easels.forEach(send), AGAIN_MS);
}
