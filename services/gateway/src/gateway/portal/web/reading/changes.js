// How findings have changed since earlier films of the same breast and view. Pure functions.

import { spacingOf } from '../viewer/image.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').Finding} Finding */

const SAME_PLACE_MM = 15;
/** @typedef {{image: ViewedImage, index: number, now: number, before: number | null, day: string}} Change Sizes in mm;
 *     `before` is null where the earlier film has no mark there. */

/** The longer side of a finding in mm. @param {ViewedImage} image @param {Finding} finding */
const sizeOf = (image, { box }) => Math.max(box.width, box.height) * (spacingOf(image) ?? 0);

/** Where a finding lies, in mm from the tip of the breast. @param {ViewedImage} image @param {Finding} finding */
function placeOf(image, { box }) {
  const { tip } = image;
  const spacing = spacingOf(image);
  if (!tip || spacing === null) return null;
  return { x: (box.x + box.width / 2 - tip.x) * spacing, y: (box.y + box.height / 2 - tip.y) * spacing };
}

/** The findings that are marked by default, with their places in the result. @param {ViewedImage} image @returns {[Finding, number][]} */
const markedOn = ({ result }) =>
  (result?.findings ?? []).flatMap((finding, index) => (finding.probability < (result?.thresholds.finding ?? 0) ? [] : [[finding, index]]));

/** Whether lengths on two films are of one plane: in the breast, or at the detector, where it is magnified. @param {ViewedImage} one @param {ViewedImage} other */
const inOnePlane = (one, other) => (one.result?.image.spacing_plane ?? null) === (other.result?.image.spacing_plane ?? null);

/**
 * Each marked finding of today with the nearest mark of the newest earlier film of its view, where both films have a
 * spacing of the same plane and a tip. No earlier mark is that of two findings.
 * @param {ViewedImage[]} images
 * @returns {Change[]}
 */
export function changesOf(images) {
  const earlier = images.filter(({ prior, result }) => prior && result);
  return images.flatMap((image) => {
    const { result, prior, view, entry } = image;
    if (prior || !result || !view) return [];
    const before = earlier.find((other) => other.entry.laterality === entry.laterality && other.entry.view === entry.view);
    if (!before?.tip || !image.tip || spacingOf(before) === null || spacingOf(image) === null || !inOnePlane(image, before)) return [];
    const partners = partnersOf(image, before);
    return markedOn(image).map(([finding, index]) => {
      const found = partners.get(index);
      return { image, index, now: sizeOf(image, finding), before: found ? sizeOf(before, found) : null, day: before.entry.examination ?? '' };
    });
  });
}

/** The earlier mark of each finding, by the finding's place: the nearest two first. @param {ViewedImage} image @param {ViewedImage} before */
function partnersOf(image, before) {
  const pairs = markedOn(image).flatMap(([finding, index]) =>
    markedOn(before).map(([mark]) => ({ index, mark, distance: distanceOf(placeOf(image, finding), placeOf(before, mark)) })));
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

/** @param {ReturnType<typeof placeOf>} one @param {ReturnType<typeof placeOf>} other */
const distanceOf = (one, other) => (one && other ? Math.hypot(one.x - other.x, one.y - other.y) : Infinity);
