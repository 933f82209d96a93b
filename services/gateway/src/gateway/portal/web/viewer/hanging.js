// Which image hangs in which pane. Pure.

import { VIEWS, mostSuspicious, suspicionOf, viewOf } from './image.js';

/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('./image.js').ViewName} ViewName */
/** @typedef {'hang' | 'row' | 'cc' | 'mlo' | 'prior' | 'two' | 'one'} Layout Four views, the same in one row, both breasts in one
 *     view, those above the same view of the newest earlier examination, side by side, one image. */

/**
 * The part of the state that determines the hanging.
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

/** @param {Layout} layout */
const viewsOf = (layout) => VIEWS.filter((view) => (layout !== 'cc' && layout !== 'mlo') || view.slice(1) === layout.toUpperCase());

/** The layout that shows the image that is read: views hold neither a field nor a film of no known view. @param {Hung} state */
export function layoutOf(state) {
  const { layout, images } = state;
  const active = activeOf(state);
  if (!layout || layout === 'two' || layout === 'one' || !active) return layout ?? 'one';
  if (!images.some(({ view }) => view)) return 'hang';
  if (layout === 'prior' && viewOf(active.entry)) return newestPriors(images, active).length ? 'prior' : 'hang';
  return active.view && viewsOf(layout).includes(active.view) ? layout : active.view ? 'hang' : 'two';
}

/** The image to read first: where the suspicion is highest, among the films where these hang. @param {ViewedImage[]} images */
export function firstToRead(images) {
  const hung = images.filter(({ view }) => view);
  return [...(hung.length ? hung : images)].sort((a, b) => suspicionOf(b) - suspicionOf(a))[0] ?? null;
}

/** The images of the panes, in the order of the panes. @param {Hung} state @returns {ViewedImage[]} */
export function slotsOf(state) {
  const { images } = state;
  const active = activeOf(state);
  const layout = layoutOf(state);
  if (!active) return [];
  if (layout === 'one') return [active];
  if (layout === 'two') return pairOf(state, active);
  if (layout === 'prior') return aboveEarlier(images, active);
  if (images.some(({ view }) => view)) return viewsOf(layout).flatMap((view) => hungAs(view, images, active) ?? []);
  return fourAround(images, active);
}

/** The view of a film without its side: CC or MLO. @param {ViewedImage} image */
const projectionOf = ({ entry }) => viewOf(entry)?.slice(1);

/** The films of the newest earlier examination in the view of an image; where that is one of an earlier examination, of its own. @param {ViewedImage[]} images @param {ViewedImage} active */
function newestPriors(images, active) {
  const same = images.filter((image) => image.prior && projectionOf(image) === projectionOf(active));
  const day = active.prior ? active.entry.examination : same.map(({ entry }) => entry.examination ?? '').sort().pop();
  return same.filter(({ entry }) => (entry.examination ?? '') === (day ?? ''));
}

/** Both breasts in the view of an image, then the same of an earlier examination. @param {ViewedImage[]} images @param {ViewedImage} active */
function aboveEarlier(images, active) {
  const earlier = newestPriors(images, active);
  const views = VIEWS.filter((view) => view.slice(1) === projectionOf(active));
  const now = views.flatMap((view) => hungAs(view, images, active) ?? []);
  return [...now, ...views.flatMap((view) => earlier.find(({ entry }) => viewOf(entry) === view) ?? [])];
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
  if (!film || layout === 'two' || layout === 'one' || !entry.laterality) return 'centre';
  return entry.laterality === 'R' ? 'right' : 'left';
}

const WORK_UP = 120 * 24 * 3600 * 1000; // ms: as in `gateway.cases.examinations`

/** The films of examinations shortly before the current one, which may be their work-up. @param {ViewedImage[]} images */
export function recentPriors(images) {
  const [began] = images.flatMap(({ prior, entry }) => (prior || !entry.examination ? [] : [entry.examination])).sort();
  const within = (/** @type {string | null | undefined} */ day) => Boolean(day && began) && Date.parse(began) - Date.parse(day ?? '') <= WORK_UP;
  return images.filter(({ prior, entry }) => prior && within(entry.examination));
}

/** The views that the current examination lacks, and no recent one has; none where it has no film that hangs. @param {ViewedImage[]} images */
export function missingViews(images) {
  const recent = recentPriors(images).map(({ entry }) => viewOf(entry));
  return images.some(({ view }) => view) ? VIEWS.filter((name) => !images.some(({ view }) => view === name) && !recent.includes(name)) : [];
}

/**
 * The steps of reading in their order: all views, both breasts in each view, the image that is read, and that beside what belongs to
 * it. Steps that would show nothing are left out.
 * @param {Hung} state
 * @returns {Layout[]}
 */
export function stepsOf({ images }) {
  const hangs = (/** @type {string} */ view) => images.some((image) => image.view?.endsWith(view));
  /** @type {[Layout, boolean][]} */
  const all = [['hang', true], ['row', hangs('')], ['cc', hangs('CC')], ['mlo', hangs('MLO')], ['prior', hangs('') && images.some(({ prior, entry }) => prior && viewOf(entry))], ['one', true], ['two', images.length > 1]];
  return all.flatMap(([layout, shows]) => (shows ? [layout] : []));
}

/** The step of reading after the present one, or before it. @param {Hung} state @param {1 | -1} by @returns {Layout} */
export function stepOf(state, by) {
  const steps = stepsOf(state);
  return steps[(steps.indexOf(layoutOf(state)) + by + steps.length) % steps.length];
}

/** The image to read in a layout: the one that is read where it hangs there, else the most suspicious of those that do. */
export function readIn(/** @type {Layout} */ layout, /** @type {Hung} */ state) {
  const active = activeOf(state);
  if (layout === 'one' || layout === 'two' || (layout === 'prior' && active && viewOf(active.entry))) return active;
  const hung = state.images.filter(({ view }) => view && viewsOf(layout).includes(view));
  return (active && hung.includes(active)) || !hung.length ? active : mostSuspicious(hung);
}
