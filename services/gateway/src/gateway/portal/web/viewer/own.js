// Converts findings that a reader drew between the coordinates of the hung film and those of its file. Pure.

import { asHung, asStored, pixelsOf, placeOutline } from './hung.js';
import { sizeOf } from './image.js';
import { placeBox, turnedSize } from './turn.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Box} Box */
/** @typedef {import('./image.js').ViewedImage} ViewedImage */
/** @typedef {import('../core/types.d.ts').ReaderFinding} ReaderFinding */
/** @typedef {ReaderFinding['shape']} Shape */
/** @typedef {[number, number]} Pair */
/** @typedef {{shape: Shape, box: Box, outline: Pair[] | null}} Drawn In pixels of the film as it hangs, or of its file. */
/** @typedef {Drawn & {id: string, letter: string, selected: boolean}} OwnMark */

const UPRIGHT = /** @type {const} */ ({ rotation: 0, mirrored: false });
const MOST_POINTS = 400; // of an outline: the hand is not finer

/** What a finding is called beside the numbers of the system's: A to Z, then AA and so on. @param {number} number From 1. */
export function letterOf(number) {
  let letters = '';
  for (let left = number; left > 0; left = Math.floor((left - 1) / 26)) letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters;
  return letters;
}

/** How a film hangs, and the size of its file's picture. @param {ViewedImage} image */
function filedOf(image) {
  const { hanging, stretch } = image.result?.image ?? {};
  const hung = pixelsOf({ ...(sizeOf(image) ?? { width: 1, height: 1 }), stretch });
  return { hanging, stretch, ...turnedSize(hung, hanging ?? UPRIGHT) }; // turned twice it is as it was
}

/** A finding as its film hangs. @param {Drawn} finding @param {ViewedImage} image @returns {Drawn} */
export const hung = (finding, image) => moved(finding, asHung(filedOf(image)));

/** The same as the file has it, inside its picture. @param {Drawn} finding @param {ViewedImage} image @returns {Drawn} */
export function stored(finding, image) {
  const filed = filedOf(image);
  const back = asStored(filed);
  return moved(finding, (point) => {
    const [x, y] = back(point);
    return [Math.min(Math.max(0, x), filed.width), Math.min(Math.max(0, y), filed.height)]; // a stretch leaves fractions
  });
}

/** @param {Drawn} finding @param {(point: Pair) => Pair} place @returns {Drawn} */
const moved = ({ shape, box, outline }, place) => ({ shape, box: placeBox(box, place), outline: outline && placeOutline(outline, place) });

/** What a hand drew from point to point, inside the film; null where it is nothing. @param {Shape} shape @param {Point[]} points @param {import('./geometry.js').Size} film @returns {Drawn | null} */
export function drawn(shape, points, film) {
  const inside = points.map(({ x, y }) => ({ x: Math.min(Math.max(0, x), film.width), y: Math.min(Math.max(0, y), film.height) }));
  const [across, down] = [inside.map(({ x }) => x), inside.map(({ y }) => y)];
  const [left, top] = [Math.min(...across), Math.min(...down)];
  const box = { x: left, y: top, width: Math.max(...across) - left, height: Math.max(...down) - top };
  if (box.width < 1 || box.height < 1) return null;
  if (shape !== 'outline') return { shape, box, outline: null };
  if (inside.length < 3) return null;
  const every = Math.ceil(inside.length / MOST_POINTS);
  return { shape, box, outline: inside.filter((_, at) => at % every === 0).map(({ x, y }) => [x - 0.5, y - 0.5]) };
}

/** What readers drew on an image, as it hangs. @param {ReaderFinding[]} findings @param {ViewedImage} image @param {string | null} chosen @returns {OwnMark[]} */
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
