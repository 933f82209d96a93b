// Turning films to hang upright, as `Hanging` of the API says: degrees clockwise first, then left and right exchanged.
// Everything of a film is turned once, when it is loaded, so that the viewer knows one kind of coordinates. Its pixels are
// square: those of a film whose rows and columns are not equally far apart are stretched to the finer distance.

/** @typedef {import('../core/types.d.ts').Hanging} Hanging */
/** @typedef {import('../core/types.d.ts').Box} Box */
/** @typedef {import('../core/types.d.ts').Result} Result */
/** @typedef {import('../core/types.d.ts').Stretch} Stretch */
/** @typedef {import('./geometry.js').Size} Size */
/** @typedef {import('./samples.js').Level} Level */
/** @typedef {[number, number]} Pair */
/** @typedef {{width: number, height: number, hanging?: Hanging | null, stretch?: Stretch}} Filed The size of a file's picture, and how it hangs. */

const UPRIGHT = /** @type {const} */ ({ rotation: 0, mirrored: false });
const SQUARE = { across: 1, down: 1 };
const NEARLY = 1.01; // what rounding of the spacings can give

/** How much a film with this spacing, of rows and of columns as it hangs, is stretched. @param {Pair | null | undefined} spacing @returns {Stretch} */
function stretchOf(spacing) {
  if (!spacing) return SQUARE;
  const [down, across] = spacing;
  const unit = Math.min(down, across);
  return Math.max(down, across) < NEARLY * unit ? SQUARE : { across: across / unit, down: down / unit };
}

/** The size of a turned picture. @param {Size} size @param {Hanging} hanging @returns {Size} */
export const turnedSize = ({ width, height }, { rotation }) => (rotation % 180 ? { width: height, height: width } : { width, height });

/**
 * Where a point of a picture comes to lie; continuous coordinates, pixel edges at whole numbers.
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
 * Where a point of a turned picture lies in the picture: the way back of `turnPoint`.
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

/** Move an outline. Its points are centres of pixels: half a pixel from their edges. @param {Pair[]} outline @param {(point: Pair) => Pair} place */
export const placeOutline = (outline, place) =>
  outline.map(([x, y]) => {
    const [across, down] = place([x + 0.5, y + 0.5]);
    return /** @type {Pair} */ ([across - 0.5, down - 0.5]);
  });

/** Moves points of a film's file to where they lie as it hangs. @param {Filed} film @returns {(point: Pair) => Pair} */
export const asHung = (film) => (point) => {
  const { across, down } = film.stretch ?? SQUARE;
  const [x, y] = turnPoint(point, film, film.hanging ?? UPRIGHT);
  return [x * across, y * down];
};

/** The way back of `asHung`. @param {Filed} film @returns {(point: Pair) => Pair} */
export const asStored = (film) => ([x, y]) => {
  const { across, down } = film.stretch ?? SQUARE;
  return turnBack([x / across, y / down], film, film.hanging ?? UPRIGHT);
};

/** The size of a hung film in pixels of its file, rows and columns as it hangs. @param {Size & {stretch?: Stretch}} hung @returns {Size} */
export function pixelsOf({ width, height, stretch: { across, down } = SQUARE }) {
  return { width: Math.round(width / across), height: Math.round(height / down) };
}

/** A result with its findings and its size as the film hangs. @param {Result} result @returns {Result} */
export function turnResult(result) {
  const { image, findings, breast } = result;
  const { hanging, pixel_spacing_mm: spacing } = image;
  const turned = spacing && hanging && hanging.rotation % 180 ? /** @type {Pair} */ ([spacing[1], spacing[0]]) : spacing;
  const stretch = stretchOf(turned);
  if (!hanging && stretch === SQUARE) return result;
  const place = asHung({ ...image, stretch });
  const { width, height } = turnedSize(image, hanging ?? UPRIGHT);
  const unit = turned && stretch !== SQUARE ? Math.min(...turned) : null;
  return {
    ...result,
    image: { ...image, width: width * stretch.across, height: height * stretch.down, pixel_spacing_mm: unit ? [unit, unit] : turned, stretch },
    breast: breast && { box: placeBox(breast.box, place), tips: breast.tips.map(([x, y]) => place([x, y])) },
    findings: findings.map((finding) => ({
      ...finding,
      box: placeBox(finding.box, place),
      outline: finding.outline && placeOutline(finding.outline, place),
    })),
  };
}

/**
 * A picture that can be drawn, as it hangs.
 * @param {ImageBitmap} picture
 * @param {Hanging | null | undefined} hanging
 */
export function turnPicture(picture, hanging) {
  if (!hanging) return picture;
  const size = turnedSize(picture, hanging);
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d');
  context?.setTransform(new DOMMatrix(matrixOf(picture, hanging)));
  context?.drawImage(picture, 0, 0);
  return canvas.transferToImageBitmap();
}

/**
 * Samples as they hang; with their new size.
 * @param {Uint16Array} samples Row by row.
 * @param {Size} size
 * @param {Hanging | null | undefined} hanging
 * @returns {Level}
 */
export function turnSamples(samples, size, hanging) {
  if (!hanging) return { samples, width: size.width, height: size.height };
  const hung = turnedSize(size, hanging);
  const place = (/** @type {number} */ x, /** @type {number} */ y) => {
    const [column, row] = turnPoint([x + 0.5, y + 0.5], size, hanging).map(Math.floor);
    return row * hung.width + column;
  };
  const first = place(0, 0);
  const [across, down] = [place(1, 0) - first, place(0, 1) - first];
  const turned = new Uint16Array(samples.length);
  for (let row = 0, from = 0; row < size.height; row += 1)
    for (let column = 0, to = first + row * down; column < size.width; column += 1, to += across, from += 1) turned[to] = samples[from];
  return { samples: turned, ...hung };
}
