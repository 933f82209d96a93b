// The strip of all images of the case below the panes.

import { all, copy, find, role, write } from '../core/dom.js';
import { monthWords } from '../core/times.js';
import { slotsOf } from './hanging.js';
import { ownName, sizeOf } from './image.js';

/** @typedef {import('./image.js').ViewedImage} ViewedImage */

/**
 * @param {HTMLElement} strip
 * @param {{describe: (image: ViewedImage) => string, onChoose: (image: ViewedImage) => void}} options
 */
export function createStrip(strip, { describe, onChoose }) {
  /** @param {import('./hanging.js').Hung} state */
  return (state) => {
    const { images, activeId } = state;
    strip.hidden = slotsOf(state).length === images.length; // what hangs needs no second picture
    const shortDay = shortDayOf(images);
    const buttons = all(strip, '.thumb');
    for (const button of buttons.slice(images.length)) button.remove();
    for (const [index, image] of images.entries()) {
      const button = buttons[index] ?? strip.appendChild(copy('thumb'));
      button.onclick = () => onChoose(image);
      button.setAttribute('aria-pressed', String(image.id === activeId));
      const shown = image.prior ? `${ownName(image.entry)} ${shortDay(image.entry.examination ?? '')}` : shortName(image);
      const said = describe(image);
      button.setAttribute('aria-label', said.startsWith(shown) ? said : `${shown} · ${said}`); // who speaks to the browser says what is shown
      button.dataset.assessment = image.entry.job.assessment ?? ''; // known before the result is there: its sign moves the name
      button.dataset.state = image.entry.state;
      button.toggleAttribute('data-prior', image.prior);
      write(role(button, 'name'), shown);
      button.title = image.name;
      drawThumbnail(find(button, 'canvas', HTMLCanvasElement), image);
    }
  };
}

/** The end of a file's name, by which the fields of a slide differ: a thumbnail has room for six letters. @param {ViewedImage} image */
export function shortName({ name, entry }) {
  const stem = name.replace(/\.\w+$/, '');
  return stem.length <= 6 || ownName(entry) !== entry.file_name ? name : `…${stem.slice(-4)}`;
}

/** Names a day as short as tells earlier examinations apart: by its year, or its year and month. @param {ViewedImage[]} images @returns {(day: string) => string} */
export function shortDayOf(images) {
  const days = [...new Set(images.flatMap(({ prior, entry }) => (prior && entry.examination ? [entry.examination] : [])))];
  return new Set(days.map((day) => day.slice(0, 4))).size === days.length ? (day) => day.slice(0, 4) : (day) => day && monthWords(day);
}

/** Draw a small copy, where another image or another depth of it is there than before; nothing until its picture is there. */
function drawThumbnail(/** @type {HTMLCanvasElement} */ canvas, /** @type {ViewedImage} */ viewed) {
  const { source, jobId } = viewed;
  const image = sizeOf(viewed);
  const key = source && image ? `${jobId} ${source.bits}` : '';
  if (canvas.dataset.of === key) return;
  canvas.dataset.of = key;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!source || !image) return;
  const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
  context.setTransform(scale, 0, 0, scale, (canvas.width - image.width * scale) / 2, (canvas.height - image.height * scale) / 2);
  const view = { image, scale, seen: { x1: 0, y1: 0, x2: image.width, y2: image.height } };
  if (source.grey) source.draw(context, { ...view, window: { ...source.first, inverted: false } });
  else source.draw(context, view);
}
