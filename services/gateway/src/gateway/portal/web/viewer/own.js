// Findings that a reader drew, as their film hangs. Pure.

import { asHung, pixelsOf, placeOutline } from './hung.js';
import { sizeOf } from './image.js';
import { placeBox, turnedSize } from './turn.js';

/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').ReaderFinding} ReaderFinding */
/** @typedef {ReaderFinding['shape']} Shape */
/** @typedef {[number, number]} Pair */
/** @typedef {{shape: Shape, box: Box, outline: Pair[] | null}} Drawn In pixels of the film as it hangs, or of its file. */
/** @typedef {Drawn & {id: string, letter: string, selected: boolean}} OwnMark */

const UPRIGHT = /** @type {const} */ ({ rotation: 0, mirrored: false });

/** The letter of a reader's finding: A to Z, then AA and so on. @param {number} number From 1. */
export function letterOf(number) {
  let letters = '';
  for (let left = number; left > 0; left = Math.floor((left - 1) / 26)) letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters;
  return letters;
}

/** The hanging of a film, and the size of its file's picture. @param {ViewedImage} image */
export function filedOf(image) {
  const { hanging, stretch } = image.result?.image ?? {};
  const hung = pixelsOf({ ...(sizeOf(image) ?? { width: 1, height: 1 }), stretch });
  return { hanging, stretch, ...turnedSize(hung, hanging ?? UPRIGHT) }; // turned twice it is as it was
}

/** A finding as its film hangs. @param {Drawn} finding @param {ViewedImage} image @returns {Drawn} */
export const hung = (finding, image) => moved(finding, asHung(filedOf(image)));

/** A finding with its points elsewhere. @param {Drawn} finding @param {(point: Pair) => Pair} place @returns {Drawn} */
export const moved = ({ shape, box, outline }, place) => ({ shape, box: placeBox(box, place), outline: outline && placeOutline(outline, place) });

/** The readers' findings on an image, as it hangs. @param {ReaderFinding[]} findings @param {ViewedImage} image @param {string | null} chosen @returns {OwnMark[]} */
export const ownMarksOf = (findings, image, chosen) =>
  !sizeOf(image)
    ? []
    : findings
        .filter(({ image_id: id }) => id === image.id)
        .map((finding) => ({
          ...hung(/** @type {Drawn} */ (finding), image),
          id: finding.id,
          letter: letterOf(finding.number),
          selected: finding.id === chosen,
        }));
