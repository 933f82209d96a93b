// Turns pictures and points as `Hanging` of the API says: degrees clockwise first, then left and right exchanged.

/** @typedef {import('../core/types.d.ts').Hanging} Hanging */
/** @typedef {import('../core/types.d.ts').Box} Box */
/** @typedef {import('./geometry.js').Size} Size */
/** @typedef {[number, number]} Pair */

/** The size of a turned picture. @param {Size} size @param {Hanging} hanging @returns {Size} */
export const turnedSize = ({ width, height }, { rotation }) => (rotation % 180 ? { width: height, height: width } : { width, height });

/**
 * The position of a picture's point after the turn; continuous coordinates, pixel edges at whole numbers.
 * @param {Pair} point
 * @param {Size} size
 * @param {Hanging} hanging
 * @returns {Pair}
 */
export function turnPoint([x, y], { width, height }, { rotation, mirrored }) {
  for (let quarter = 0; quarter < rotation / 90; quarter += 1) [x, y, width, height] = [height - y, x, height, width];
  return [mirrored ? width - x : x, y];
}

/**
 * The position in the picture of a point of the turned picture: the inverse of `turnPoint`.
 * @param {Pair} point
 * @param {Size} size Of the picture as it is not turned.
 * @param {Hanging} hanging
 * @returns {Pair}
 */
export function turnBack([x, y], size, { rotation, mirrored }) {
  const turned = turnedSize(size, { rotation, mirrored: false });
  return turnPoint([mirrored ? turned.width - x : x, y], turned, { rotation: /** @type {Hanging['rotation']} */ ((360 - rotation) % 360), mirrored: false });
}

/** A hanging turned once more: a quarter clockwise as it is seen, or mirrored. @param {Hanging} hanging @param {'rotate' | 'flip'} step @returns {Hanging} */
export const turnedOnce = ({ rotation, mirrored }, step) =>
  step === 'flip'
    ? { rotation, mirrored: !mirrored }
    : { rotation: /** @type {Hanging['rotation']} */ ((rotation + (mirrored ? 270 : 90)) % 360), mirrored };

/** The matrix of a turn, as a canvas takes it: a, b, c, d, e, f. @param {Size} size @param {Hanging} hanging */
export function matrixOf(size, hanging) {
  const origin = turnPoint([0, 0], size, hanging);
  const axis = (/** @type {Pair} */ point) => {
    const [x, y] = turnPoint(point, size, hanging);
    return /** @type {Pair} */ ([x - origin[0], y - origin[1]]);
  };
  return [...axis([1, 0]), ...axis([0, 1]), ...origin];
}

/** @param {Box} box @param {Size} size @param {Hanging} hanging @returns {Box} */
export const turnBox = (box, size, hanging) => placeBox(box, (point) => turnPoint(point, size, hanging));

/** Move a box. @param {Box} box @param {(point: Pair) => Pair} place @returns {Box} */
export function placeBox(box, place) {
  const [x1, y1] = place([box.x, box.y]);
  const [x2, y2] = place([box.x + box.width, box.y + box.height]);
  return { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) };
}
