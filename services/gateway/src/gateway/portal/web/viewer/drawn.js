// What a reader's hand draws on the hung film, and where its file has it. Loaded with the tools that draw. Pure.

import { filedOf, moved } from './own.js';
import { turnBack } from './turn.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./own.js').Drawn} Drawn */

const UPRIGHT = /** @type {const} */ ({ rotation: 0, mirrored: false });
const MOST_POINTS = 400; // of an outline: the hand is not finer

/** The shape between the drawn points, clipped to the film; null if it is too small. @param {Drawn['shape']} shape @param {Point[]} points @param {import('./geometry.js').Size} film @returns {Drawn | null} */
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

/** A finding as the file has it, inside its picture. @param {Drawn} finding @param {import('./image.js').ViewedImage} image @returns {Drawn} */
export function stored(finding, image) {
  const { hanging, stretch, ...size } = filedOf(image);
  return moved(finding, ([across, down]) => {
    const [x, y] = turnBack([across / (stretch?.across ?? 1), down / (stretch?.down ?? 1)], size, hanging ?? UPRIGHT);
    return [Math.min(Math.max(0, x), size.width), Math.min(Math.max(0, y), size.height)]; // a stretch leaves fractions
  });
}
