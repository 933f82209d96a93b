// Which films are shown at one scale, so that sizes and sides can be compared. Pure.

import { sizeOf, spacingOf, unitOf } from './image.js';

/** @typedef {import('./image.js').ViewedImage} ViewedImage */

/**
 * Films without spacing have one scale per pixel if one is at most so many times as long as the next: the film formats of a scanner
 * (18 x 24 and 24 x 30 cm) and of a detector (1.33) are. An export at another resolution is half as long or twice.
 */
const ONE_SCANNER = 1.4;

const lengthOf = (/** @type {ViewedImage} */ image) => Math.max(sizeOf(image)?.width ?? 0, sizeOf(image)?.height ?? 0);

/** Whether an image is a film that was not refused, because a refused one need not be a mammogram. @param {ViewedImage} image */
const isMammogram = (image) => image.film && image.entry.state !== 'failed' && sizeOf(image) !== null;

/** @param {ViewedImage} one @param {ViewedImage} other */
const ofOneScanner = (one, other) => Math.max(lengthOf(one), lengthOf(other)) <= ONE_SCANNER * Math.min(lengthOf(one), lengthOf(other));

/**
 * The films that are shown at the scale of a film, itself included: those whose mm are of its plane; without spacing, those of its scanner.
 * @param {ViewedImage | null} film
 * @param {(ViewedImage | null)[]} images
 */
export function alikeOf(film, images) {
  if (!film || !isMammogram(film)) return [];
  const same = images.flatMap((image) => (image && isMammogram(image) && unitOf(image) === unitOf(film) ? [image] : []));
  if (spacingOf(film)) return same;
  let alike = [film];
  for (let before = 0; before < alike.length; ) {
    before = alike.length;
    alike = same.filter((image) => alike.some((other) => ofOneScanner(image, other)));
  }
  return alike;
}

/** The ratio of the pixel sizes of two films with one scale. @param {ViewedImage | null} one @param {ViewedImage | null} other */
export const pixelRatio = (one, other) => (spacingOf(one) ?? 1) / (spacingOf(other) ?? 1);
