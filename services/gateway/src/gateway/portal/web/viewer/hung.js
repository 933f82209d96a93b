// Hangs films: everything of a film is turned once, when it is loaded, so that the viewer knows one kind of coordinates. Its
// pixels are square: those of a film whose rows and columns are not equally far apart are stretched to the finer distance.

import { matrixOf, placeBox, turnPoint, turnedSize } from './turn.js';

/** @typedef {import('../core/types.d.ts').Hanging} Hanging */
/** @typedef {import('../core/types.d.ts').Result} Result */
/** @typedef {import('../core/types.d.ts').Stretch} Stretch */
/** @typedef {import('./geometry.js').Size} Size */
/** @typedef {import('./turn.js').Pair} Pair */
/** @typedef {{width: number, height: number, hanging?: Hanging | null, stretch?: Stretch}} Filed The size of a file's picture, and how it hangs. */

const UPRIGHT = /** @type {const} */ ({ rotation: 0, mirrored: false });
const SQUARE = { across: 1, down: 1 };
const NEARLY = 1.01; // what rounding of the spacings can give

/** The factors by which a film whose pixels have this height and width as it hangs is stretched. @param {Pair} sides @returns {Stretch} */
function stretchOf([down, across]) {
  const unit = Math.min(down, across);
  return Math.max(down, across) < NEARLY * unit ? SQUARE : { across: across / unit, down: down / unit };
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

/** The size of a hung film in pixels of its file, rows and columns as it hangs. @param {Size & {stretch?: Stretch}} hung @returns {Size} */
export function pixelsOf({ width, height, stretch: { across, down } = SQUARE }) {
  return { width: Math.round(width / across), height: Math.round(height / down) };
}

/** A result with its findings and its size as the film hangs. @param {Result} result @returns {Result} */
export function turnResult(result) {
  const { image, findings, breast } = result;
  const { hanging, pixel_spacing_mm: spacing } = image;
  const asItHangs = (/** @type {Pair} */ [down, across]) => /** @type {Pair} */ (hanging && hanging.rotation % 180 ? [across, down] : [down, across]);
  const turned = spacing && asItHangs(spacing);
  const stretch = stretchOf(turned ?? asItHangs([image.pixel_aspect ?? 1, 1]));
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
