// Which image hangs in which pane. Pure.

import { VIEWS, mostSuspicious, suspicionOf, viewOf } from './image.js';

/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('./image.js').ViewName} ViewName */
/** @typedef {'hang' | 'two' | 'one'} Layout Four views, side by side, one image. */
/** @typedef {ViewedImage | ViewName} Slot An image, or the view that is missing. */

/**
 * What hanging goes by.
 * @typedef {object} Hung
 * @property {ViewedImage[]} images
 * @property {string | null} activeId The image that is read.
 * @property {string | null} lastFilmId The film that was read last.
 * @property {string | null} lastFieldId
 * @property {Layout | null} layout As the reader wants it; null before there are images.
 */

/** @param {Hung} state */
export const activeOf = ({ images, activeId }) => images.find(({ id }) => id === activeId) ?? null;

/** The layout to begin with: four views where films hang, else as many as there are images. @param {ViewedImage[]} images */
export const preferredLayout = (images) => (images.some(({ view }) => view) || images.length > 1 ? 'hang' : 'one');

/** The layout that shows the image that is read: four views hold neither a field nor a film of no known view. @param {Hung} state */
export function layoutOf(state) {
  const { layout, images } = state;
  const active = activeOf(state);
  return layout === 'hang' && images.some(({ view }) => view) && active && !active.view ? 'two' : layout ?? 'one';
}

/** The image to read first: where the suspicion is highest, among the films where these hang. @param {ViewedImage[]} images */
export function firstToRead(images) {
  const hung = images.filter(({ view }) => view);
  return [...(hung.length ? hung : images)].sort((a, b) => suspicionOf(b) - suspicionOf(a))[0] ?? null;
}

/** What the panes show, in their order. @param {Hung} state @returns {Slot[]} */
export function slotsOf(state) {
  const { images } = state;
  const active = activeOf(state);
  const layout = layoutOf(state);
  if (!active) return [];
  if (layout === 'one') return [active];
  if (layout === 'two') return pairOf(state, active);
  if (images.some(({ view }) => view)) return VIEWS.map((view) => hungAs(view, images, active) ?? view);
  return fourAround(images, active);
}

/** The film of a view: where there are several, the one that is read now, else the most suspicious. */
function hungAs(/** @type {ViewName} */ view, /** @type {ViewedImage[]} */ images, /** @type {ViewedImage} */ active) {
  const here = images.filter((image) => image.view === view);
  if (here.includes(active)) return active;
  return here.length ? mostSuspicious(here) : null;
}

/** Four images of one examination, where none has a place of its own. @param {ViewedImage[]} images @param {ViewedImage} active */
function fourAround(images, active) {
  const together = images.filter(({ prior, entry }) => prior === active.prior && (!prior || entry.examination === active.entry.examination));
  const first = 4 * Math.floor(Math.max(0, together.indexOf(active)) / 4);
  return together.slice(first, first + 4);
}

/** A film beside a field, or the image beside the one that belongs to it. @param {Hung} state @param {ViewedImage} active */
function pairOf({ images, lastFilmId, lastFieldId }, active) {
  const now = active.prior && images.find(({ view }) => view !== null && view === viewOf(active.entry));
  if (now) return [now, active];
  const films = images.filter(({ film }) => film);
  const fields = images.filter(({ film }) => !film);
  if (films.length && fields.length) {
    const film = active.film ? active : films.find(({ id }) => id === lastFilmId) ?? mostSuspicious(films);
    const field = active.film ? fields.find(({ id }) => id === lastFieldId) ?? mostSuspicious(fields) : active;
    return [film, field];
  }
  const other = partnerOf(images, active) ?? images.find((image) => image !== active);
  return images.filter((image) => image === active || image === other);
}

/** The other view of the same breast. @param {ViewedImage[]} images @param {ViewedImage} active */
const partnerOf = (images, active) =>
  active.view && images.find(({ view, id }) => view !== null && id !== active.id && view[0] === active.view?.[0] && view !== active.view);

/**
 * The side of its pane where a film's chest wall is hung: they meet in the middle.
 * @param {ViewedImage} image
 * @param {Layout} layout
 */
export function sideOf({ film, entry }, layout) {
  if (!film || layout !== 'hang' || !entry.laterality) return 'centre';
  return entry.laterality === 'R' ? 'right' : 'left';
}
