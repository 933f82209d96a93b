// How a lesion has grown over the examinations of a patient. Pure functions.

import { isCalcification } from '../core/kinds.js';
import { spacingOf, tipOf } from '../viewer/image.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').Finding} Finding */
/** @typedef {NonNullable<import('../core/types.d.ts').Lesion['change']>} Change */
/** @typedef {{day: string, mm: number | null}} Point The longer side on a day; null where the film has no mark there. */
/** @typedef {Point[]} Trend Oldest first, today last. */

const SAME_PLACE_MM = 15;

/** The longer side of a finding in mm. @param {ViewedImage} image @param {Finding} finding */
function sizeOf({ result }, { box }) {
  const [row, column] = result?.image.pixel_spacing_mm ?? [0, 0];
  return Math.max(box.width * column, box.height * row);
}

/** The position of a finding, in mm from the tip of the breast. @param {ViewedImage} image @param {Finding} finding */
function placeOf(image, { box }) {
  const [tip, spacing] = [tipOf(image), spacingOf(image)];
  if (!tip || spacing === null) return null;
  return { x: (box.x + box.width / 2 - tip.x) * spacing, y: (box.y + box.height / 2 - tip.y) * spacing };
}

/** The findings that are marked by default, with their indices in the result. @param {ViewedImage} image @returns {[Finding, number][]} */
const markedOn = ({ result }) =>
  (result?.findings ?? []).flatMap((finding, index) => (finding.probability < (result?.thresholds.finding ?? 0) ? [] : [[finding, index]]));

/** Whether lengths on two films are valid in the same known plane: the breast, or the detector, where it is magnified. @param {ViewedImage} one @param {ViewedImage} other */
const inOnePlane = (one, other) => Boolean(one.result?.image.spacing_plane) && one.result?.image.spacing_plane === other.result?.image.spacing_plane;

/** Whether sizes and places on two films can be compared. @param {ViewedImage} image @param {ViewedImage} other */
const comparable = (image, other) =>
  Boolean(other.result && tipOf(other) && tipOf(image)) && spacingOf(other) !== null && spacingOf(image) !== null && inOnePlane(image, other);

/**
 * The sizes of a marked finding of today and of the nearest marks of the earlier films of its view, one film a day, where both films
 * have a spacing of the same plane and a tip. No earlier mark is that of two findings.
 * @param {ViewedImage[]} images
 * @param {ViewedImage} image
 * @param {number} index
 * @returns {Trend} Of today alone where nothing can be compared.
 */
function trendOf(images, image, index) {
  const finding = image.result?.findings[index];
  const [entry, spacing] = [image.entry, spacingOf(image)];
  if (image.prior || !finding || spacing === null || !image.view) return [];
  /** @type {Map<string, ViewedImage>} */
  const before = new Map();
  for (const other of images) {
    const { laterality, view, examination: day } = other.entry;
    if (other.prior && day && laterality === entry.laterality && view === entry.view && comparable(image, other)) before.set(day, other);
  }
  const earlier = [...before].sort(([one], [other]) => one.localeCompare(other)).map(([day, film]) => {
    const found = partnersOf(image, film).get(index);
    return { day, mm: found ? sizeOf(film, found) : null };
  });
  return [...earlier, { day: entry.examination ?? '', mm: sizeOf(image, finding) }];
}

/**
 * The trend of a lesion: the sizes from the joint reading, on the view that it compared. Without a joint reading, it is
 * matched by position alone: the trend of the mark that was found on most days, and of these the larger one.
 * @param {ViewedImage[]} images
 * @param {{image: ViewedImage, index: number}[]} marks
 * @param {Change | null} [change] What the joint reading found.
 * @returns {Trend | null} Null where no earlier film can be compared.
 */
export function trendOfMarks(images, marks, change = null) {
  const earlier = filmOf(images, change);
  return change && earlier ? comparedTrend(images, marks, change, earlier) : ownTrend(images, marks);
}

/** The earlier film that a lesion was compared with. @param {ViewedImage[]} images @param {Change | null} change */
export const filmOf = (images, change) => (change?.earlier ? images.find(({ jobId }) => jobId === change.earlier) ?? null : null);

/** @param {ViewedImage[]} images @param {{image: ViewedImage, index: number}[]} marks @param {Change} change @param {ViewedImage} earlier @returns {Trend | null} */
function comparedTrend(images, marks, change, earlier) {
  const mark = marks.find(({ image }) => image.entry.view === earlier.entry.view);
  const past = pastOf(images, change, earlier.entry.examination ?? '');
  const finding = mark?.image.result?.findings[mark.index];
  if (!mark || !finding || !past || spacingOf(mark.image) === null) return null;
  return [...past, { day: mark.image.entry.examination ?? '', mm: change.now_mm ?? sizeOf(mark.image, finding) }];
}

/** The sizes that the joint reading found on earlier days; null if it compared none in mm, for example because their plane is unknown. @param {ViewedImage[]} images @param {Change} change @param {string} since */
function pastOf(images, { change, before_mm: before = null, now_mm: now = null, sizes = [] }, since) {
  const told = change === 'new' || (before !== null && now !== null);
  if (!told || !since || change === 'not_comparable') return null;
  /** @type {Map<string, number | null>} */
  const days = new Map([[since, before]]);
  for (const { job_id: job, mm } of sizes) {
    const day = images.find(({ jobId }) => jobId === job)?.entry.examination;
    if (day && !days.get(day)) days.set(day, mm);
  }
  return [...days].map(([day, mm]) => ({ day, mm })).sort((one, other) => one.day.localeCompare(other.day));
}

/** @param {ViewedImage[]} images @param {{image: ViewedImage, index: number}[]} marks @returns {Trend | null} */
function ownTrend(images, marks) {
  const trends = marks.map(({ image, index }) => trendOf(images, image, index)).filter((trend) => trend.length > 1);
  const known = (/** @type {Trend} */ trend) => trend.filter(({ mm }) => mm !== null).length;
  const now = (/** @type {Trend} */ trend) => trend.at(-1)?.mm ?? 0;
  return trends.sort((one, other) => known(other) - known(one) || now(other) - now(one))[0] ?? null;
}

/** Masses are compared with masses, calcifications with calcifications. @param {Finding} one @param {Finding} other */
const ofOneKind = (one, other) => isCalcification(one) === isCalcification(other);

/** The earlier mark of each finding, by the finding's index; the nearest pairs are matched first. @param {ViewedImage} image @param {ViewedImage} before */
function partnersOf(image, before) {
  const pairs = markedOn(image).flatMap(([finding, index]) =>
    markedOn(before).filter(([mark]) => ofOneKind(finding, mark)).map(([mark]) => ({ index, mark, distance: distanceOf(placeOf(image, finding), placeOf(before, mark)) })));
  /** @type {Map<number, Finding>} */
  const found = new Map();
  const taken = new Set();
  for (const { index, mark, distance } of pairs.sort((a, b) => a.distance - b.distance)) {
    if (distance >= SAME_PLACE_MM || found.has(index) || taken.has(mark)) continue;
    found.set(index, mark);
    taken.add(mark);
  }
  return found;
}

/**
 * The current finding at the position of each mark of an earlier film, on the films of its view.
 * @param {ViewedImage[]} images
 * @param {ViewedImage} before
 */
export function todayOf(images, before) {
  const { laterality, view } = before.entry;
  const films = images.filter((image) => !image.prior && image.view && image.entry.laterality === laterality && image.entry.view === view && comparable(image, before));
  return films.flatMap((image) => [...partnersOf(image, before)].map(([index, { id: mark }]) => ({ mark, jobId: image.jobId, id: image.result?.findings[index].id })));
}

/** @param {ReturnType<typeof placeOf>} one @param {ReturnType<typeof placeOf>} other */
const distanceOf = (one, other) => (one && other ? Math.hypot(one.x - other.x, one.y - other.y) : Infinity);
