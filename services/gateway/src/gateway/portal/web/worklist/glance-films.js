// Hangs the films of a case small in the glance pane: cropped as on the reading page, chest walls together, at one scale.

import { write } from '../core/dom.js';
import { loadPictures } from '../viewer/decode.js';
import { VIEWS, partOf, spacingOf, unitOf } from '../viewer/image.js';
import { Placement, UPRIGHT } from '../viewer/placement.js';
import { drawPlaced } from '../viewer/sources.js';
import { windowOf } from '../viewer/window.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

/** The images that hang: the four views, else the first four of the current examination. @param {ViewedImage[]} images */
export function hungOf(images) {
  const current = images.filter(({ prior }) => !prior);
  const views = VIEWS.flatMap((view) => current.find((image) => image.view === view) ?? []);
  return views.length ? views : current.slice(0, 4);
}

/** The side of the pane at which a film's chest wall hangs. @param {ViewedImage} image */
const sideOf = ({ film, entry: { laterality } }) => (!film || !laterality ? 'centre' : laterality === 'R' ? 'right' : 'left');

/** A place for each image, in which it will be drawn. @param {HTMLElement} root @param {ViewedImage[]} hung */
export function layFilms(root, hung) {
  root.replaceChildren(...hung.map(({ id, name, view }) => {
    const figure = document.createElement('figure');
    figure.append(document.createElement('canvas'), document.createElement('figcaption'));
    figure.dataset.image = id;
    if (view) figure.dataset.view = view;
    write(figure.children[1], name);
    return figure;
  }));
}

/**
 * Load the images and draw each as it comes; films of known spacing at the scale that all of them allow.
 * @param {HTMLElement} root
 * @param {ViewedImage[]} hung
 * @param {Promise<Record<string, import('../core/types.d.ts').Result>>} results
 * @param {() => boolean} wanted Whether they are still to be shown.
 */
export async function drawFilms(root, hung, results, wanted) {
  const shown = hung.map((image) => ({ ...image }));
  const places = new Map(shown.map(({ id }) => [id, placeIn(root, id)]));

  function draw() {
    for (const image of shown) places.get(image.id)?.draw(image, scaleFor(image, shown, places));
  }
  for (const image of shown) {
    if (!wanted()) return;
    await loadPictures(image, (change) => Object.assign(image, change), results);
    if (!wanted()) return;
    draw();
  }
}

/** The scale of a film: what it shows of the breast fits, and a millimetre is as long on all of one plane. @param {ViewedImage} image @param {ViewedImage[]} shown @param {Map<string, ReturnType<typeof placeIn>>} places */
function scaleFor(image, shown, places) {
  const own = (/** @type {ViewedImage} */ other) => places.get(other.id)?.ownScale(other) ?? 0;
  const spacing = spacingOf(image);
  if (spacing === null) return own(image);
  const perMm = shown.flatMap((other) => {
    const theirs = other.source && unitOf(other) === unitOf(image) ? spacingOf(other) : null;
    return theirs === null ? [] : [own(other) / theirs];
  });
  return Math.min(...perMm) * spacing;
}

/** @param {HTMLElement} root @param {string} id */
function placeIn(root, id) {
  const figure = /** @type {HTMLElement} */ (root.querySelector(`[data-image="${CSS.escape(id)}"]`));
  const canvas = /** @type {HTMLCanvasElement} */ (figure.firstElementChild);
  let scale = 0;
  const placement = new Placement(canvas, () => scale);

  /** @param {ViewedImage} image */
  function lay(image) {
    const { source } = image;
    placement.size = { width: canvas.clientWidth, height: canvas.clientHeight };
    placement.lay({ ...placement.shown, image, source, turn: UPRIGHT, part: partOf(image, true), cropped: true, side: sideOf(image), window: windowOf({ windows: {} }, image) });
  }

  return {
    /** @param {ViewedImage} image */
    ownScale(image) {
      lay(image);
      return placement.ownScale;
    },
    /** @param {ViewedImage} image @param {number} at */
    draw(image, at) {
      if (!image.source) return;
      lay(image);
      scale = at;
      const placed = placement.placed();
      const context = canvas.getContext('2d');
      if (!placed || !context) return;
      [canvas.width, canvas.height] = [canvas.clientWidth * devicePixelRatio, canvas.clientHeight * devicePixelRatio];
      context.scale(devicePixelRatio, devicePixelRatio);
      drawPlaced(context, image.source, placed);
      canvas.dataset.drawn = '';
    },
  };
}
