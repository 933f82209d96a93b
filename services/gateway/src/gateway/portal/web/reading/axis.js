// The place of what a reader draws, by the axis of the breast on its film: as `lobule.breast_place` and `lobule.places` compute it for
// reports. Pure.

import { asHung } from '../viewer/hung.js';
import { centreOf } from '../viewer/geometry.js';
import { filedOf, hung } from '../viewer/own.js';
import { ownById, partnersOf, referenceToOwn } from './own.js';
import { lesionOf } from './together.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {import('../viewer/geometry.js').Box} Box */
/** @typedef {import('../core/types.d.ts').FindingReference} FindingReference */
/** @typedef {import('../core/types.d.ts').LesionPlace} LesionPlace */
/** @typedef {import('../core/types.d.ts').ReaderFinding} ReaderFinding */
/** @typedef {import('../core/types.d.ts').FilmAxis} FilmAxis */
/** @typedef {Pick<LesionPlace, 'depth' | 'retroareolar'> & {across: number | null, mm: number | null}} FilmPlace `across`: distance from the
 *     axis as a share of its length, outwards or upwards; null where the film's orientation is in doubt. `mm`: from the nipple. */

const OBLIQUE = Math.PI / 4;
const CENTRAL = 0.12;
const RETROAREOLAR = 0.25;

/** @param {FilmAxis} axis @param {ViewedImage} image @param {Box} box On the film as it hangs. @returns {FilmPlace | null} */
function placeOnFilm(axis, image, box) {
  const spacing = image.result?.image.pixel_spacing_mm ?? null;
  const [down, right] = spacing ?? [1, 1];
  const turn = asHung(filedOf(image));
  const [nx, ny] = turn(axis.nipple);
  const from = (/** @type {number} */ x, /** @type {number} */ y) => [(x - nx) * right, (y - ny) * down];
  const [[wx, wy], [sx, sy]] = [axis.wall, axis.side].map((point) => from(...turn(point)));
  const centre = centreOf(box);
  const [x, y] = from(centre.x, centre.y);
  const area = wx * sy - wy * sx;
  if (!area) return null;
  const [behind, across] = [(x * sy - y * sx) / area, (wx * y - wy * x) / area];
  const far = Math.hypot(behind, across);
  return {
    depth: behind < 1 / 3 ? 'anterior' : behind < 2 / 3 ? 'middle' : 'posterior',
    across: axis.upright ? across : null,
    retroareolar: far < RETROAREOLAR && Math.abs(across) < CENTRAL,
    mm: spacing && far * Math.hypot(wx, wy),
  };
}

/** The place of a lesion by one or both films of its breast. @param {'L' | 'R'} side @param {FilmPlace | undefined} cc @param {FilmPlace | undefined} mlo @returns {LesionPlace} */
export function regionOf(side, cc, mlo) {
  const [outwards, seen] = [cc, mlo].map((place) => place?.across ?? NaN);
  const both = (seen - outwards * Math.sin(OBLIQUE)) / Math.cos(OBLIQUE);
  const upwards = Number.isNaN(both) ? seen : both;
  const [across, along] = [half(outwards, /** @type {const} */ (['outer', 'inner'])), half(upwards, /** @type {const} */ (['upper', 'lower']))];
  const retroareolar = [cc, mlo].some((place) => place?.retroareolar);
  const clock = Number.isNaN(both) || retroareolar || !(across ?? along) ? null : hourOf(side === 'L' ? outwards : -outwards, both);
  return { across, along, clock, depth: (cc ?? mlo)?.depth ?? 'middle', retroareolar };
}

/** The half of a breast, by a distance from its axis; null near the axis, or where it is not known. @template T @param {number} share @param {readonly [T, T]} halves @returns {T | null} */
const half = (share, [more, less]) => (share >= CENTRAL ? more : share <= -CENTRAL ? less : null);

/** The nearest hour in a direction. @param {number} right As the viewer sees it. @param {number} up */
const hourOf = (right, up) => (Math.round((Math.atan2(right, up) * 6) / Math.PI) + 12) % 12 || 12;

/** A finding's film and box, by a reference to it. @param {Reading} state @param {FindingReference} reference */
function marked(state, { job_id: jobId, finding_id: findingId }) {
  const own = jobId ? null : ownById(state, findingId);
  const image = state.images.find((other) => (own ? other.id === own.image_id : other.jobId === jobId));
  const axis = state.together?.axes?.find((other) => other.job_id === image?.jobId);
  if (!image?.result || !axis) return null;
  const marks = own ? [hung(/** @type {import('../viewer/own.js').Drawn} */ (own), image)] : image.result.findings.filter(({ id }) => id === findingId);
  const [place] = marks.map(({ box }) => placeOnFilm(axis, image, box));
  return place ? { side: image.entry.laterality, view: axis.view, place } : null;
}

/** The other findings of a drawn one's lesion: those that readers marked first, then those of the joint reading. @param {Reading} state @param {ReaderFinding} finding @returns {FindingReference[]} */
function sameAs(state, finding) {
  const { job_id: jobId, finding_id: findingId } = finding.corrects ?? {};
  const lesion = jobId && findingId ? lesionOf(state, { imageId: finding.image_id, jobId, findingId, index: 0 }) : null;
  return [...partnersOf(state, referenceToOwn(finding.id)).map(({ other }) => other), ...(lesion?.marks ?? [])];
}

/**
 * The place of a drawn finding in the breast and its distance from the nipple; null where the axis of its film is not known.
 * @param {Reading} state
 * @param {ReaderFinding} finding
 * @returns {{place: LesionPlace, mm: number | null} | null}
 */
export function drawnPlace(state, finding) {
  const here = marked(state, referenceToOwn(finding.id));
  if (!here || (here.side !== 'L' && here.side !== 'R')) return null;
  /** @type {Record<string, FilmPlace>} */
  const views = { [here.view]: here.place };
  for (const reference of sameAs(state, finding)) {
    const other = marked(state, reference);
    if (other?.side === here.side) views[other.view] ??= other.place;
  }
  return { place: regionOf(here.side, views.CC, views.MLO), mm: here.place.mm };
}
