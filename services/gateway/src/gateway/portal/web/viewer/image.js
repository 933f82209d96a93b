// One image of a case as the viewer holds it: with its newest analysis, and its pictures once they are loaded.

import { hasFindings, isFilm, modality, shownView } from '../core/modalities.js';
import { dayWords } from '../core/times.js';
import { t } from '../core/words.js';
import { around } from './geometry.js';

/** @typedef {import('../core/types.d.ts').CaseImage} CaseImage */
/** @typedef {import('../core/types.d.ts').Result} Result */
/** @typedef {'RCC' | 'LCC' | 'RMLO' | 'LMLO'} ViewName Side and view of a screening film. */

/**
 * Replaced where something of it changes, never modified.
 * @typedef {object} ViewedImage
 * @property {string} id
 * @property {string} jobId Its newest analysis.
 * @property {string[]} formerJobs Analyses that others have replaced.
 * @property {CaseImage} entry As the API shows it.
 * @property {string} name What it is called in lists, reasons and reports.
 * @property {boolean} film A grey film, with window and level; else a picture in colour.
 * @property {boolean} marks Whether its result may hold findings.
 * @property {boolean} prior Of an earlier examination.
 * @property {ViewName | null} view Where it hangs; null where it has no place of its own.
 * @property {import('../core/types.d.ts').Result | null} result As the film hangs.
 * @property {import('./sources.js').Source | null} source What is drawn; null until something is there.
 * @property {import('./geometry.js').Size | null} size Of a film that is shown although it was not analysed; else its result has it.
 * @property {ImageBitmap | null} heat
 * @property {ImageBitmap | null} difference From the film of the other breast.
 * @property {import('../core/api.js').Problem | null} problem Why its pictures could not be loaded.
 * @property {'eight' | 'loading' | 'deep' | 'finer'} depth `finer`: all samples are on their way.
 */

/** @type {ViewName[]} */
export const VIEWS = ['RCC', 'LCC', 'RMLO', 'LMLO'];

/**
 * Side and view in one word for a film of a screening view; null for anything else.
 * @param {CaseImage} entry
 */
export const viewOf = ({ modality: kind, laterality, view }) =>
  view && modality(kind)?.views?.screening.includes(view) ? VIEWS.find((name) => name === `${laterality}${view}`) ?? null : null;

/**
 * The images of a case in the order of reading, with what is known of them already: hung films, other films, fields, then
 * earlier examinations, newest first.
 * @param {CaseImage[]} entries
 * @param {ViewedImage[]} known
 * @returns {ViewedImage[]}
 */
export function imagesOf(entries, known) {
  const before = new Map(known.map((image) => [image.id, image]));
  return named(entries).map(([entry, name]) => renewed(entry, name, before.get(entry.id)));
}

/**
 * A key of what determines the result and the pictures of an image: its analysis, and its side and view, which may be corrected.
 * @param {Pick<ViewedImage, 'jobId' | 'entry'>} image
 */
export const shownOf = ({ jobId, entry }) => `${jobId} ${entry.laterality ?? ''} ${entry.view ?? ''}`;

/** The comparison of an image with that of the other breast; null where there is none. @param {Pick<import('../reading/state.js').Reading, 'together'>} state @param {Pick<ViewedImage, 'jobId'> | null} image */
export const differenceOf = ({ together }, image) => together?.differences?.find(({ job_id: jobId }) => jobId === image?.jobId) ?? null;

/** @param {CaseImage} entry @param {string} name @param {ViewedImage | undefined} before @returns {ViewedImage} */
function renewed(entry, name, before) {
  const now = {
    id: entry.id,
    jobId: entry.job.id,
    entry,
    name,
    film: isFilm(entry.modality),
    marks: hasFindings(entry.modality),
    prior: entry.is_prior,
    view: entry.is_prior ? null : viewOf(entry), // earlier examinations do not hang with the current one
  };
  if (before && shownOf(before) === shownOf(now)) return { ...before, ...now };
  const formerJobs = before ? [...before.formerJobs, before.jobId].filter((jobId) => jobId !== now.jobId) : [];
  return { ...now, formerJobs, result: null, source: null, size: null, heat: null, difference: null, problem: null, depth: 'eight' };
}

/** The name of an image without its number, as in reasons and reports. @param {CaseImage} entry */
export function ownName(entry) {
  const { laterality, view, file_name: file } = entry;
  return viewOf(entry) ?? (laterality && view ? `${laterality} ${shownView(view)}` : file);
}

/** Entries in the order of reading, each with its name. @param {CaseImage[]} entries @returns {[CaseImage, string][]} */
function named(entries) {
  const day = (/** @type {CaseImage} */ { is_prior: prior, examination }) => (prior ? examination ?? '' : '9999');
  const place = (/** @type {CaseImage} */ entry) => {
    const view = viewOf(entry);
    return view ? VIEWS.indexOf(view) : isFilm(entry.modality) ? VIEWS.length : VIEWS.length + 1;
  };
  const taken = new Set();
  return [...entries]
    .sort((a, b) => day(b).localeCompare(day(a)) || place(a) - place(b))
    .map((entry) => {
      const own = ownName(entry);
      let name = own;
      for (let number = 2; taken.has(`${day(entry)} ${name}`); number += 1) name = `${own} ${number}`;
      taken.add(`${day(entry)} ${name}`);
      return [entry, entry.is_prior ? t('reading.prior', { name, day: dayWords(entry.examination ?? '') }) : name];
    });
}

/** The suspicion of an image; lower than any other if unknown. @param {ViewedImage} image */
export const suspicionOf = ({ result, entry }) => result?.probability_malignant ?? entry.job.probability_malignant ?? -1;

/** The most suspicious of some images. @param {ViewedImage[]} images */
export const mostSuspicious = (images) => images.reduce((most, image) => (suspicionOf(image) > suspicionOf(most) ? image : most));

/** The size of an image as it hangs; null where that is not known. @param {Pick<ViewedImage, 'result' | 'size'>} image */
export const sizeOf = ({ result, size }) => result?.image ?? size;

/** The box of the breast on a film; null if unknown. @param {{result?: Result | null}} image With its result. */
export const breastOf = ({ result }) => result?.breast?.box ?? null;

/**
 * The point of the breast's outline that is furthest from the chest wall, near the nipple; null if unknown.
 * @param {{result?: Result | null, entry: {laterality?: string | null}}} image With its result.
 * @returns {import('./geometry.js').Point | null}
 */
export function tipOf({ result, entry: { laterality } }) {
  const tips = result?.breast?.tips;
  if (!tips || !laterality) return null;
  const [[x, y]] = [...tips].sort(([one], [other]) => (laterality === 'R' ? one - other : other - one));
  return { x, y };
}

/**
 * The part of an image that fills its pane: the breast with everything that was found, or all of it.
 * @param {ViewedImage} image With its result.
 * @param {boolean} cropped
 * @returns {import('./geometry.js').Box}
 */
export function partOf({ result, size }, cropped) {
  const { width = 1, height = 1 } = sizeOf({ result, size }) ?? {};
  const breast = breastOf({ result });
  if (!breast || !cropped) return { x: 0, y: 0, width, height };
  return (result?.findings ?? []).reduce((part, { box }) => around(part, box), breast);
}

/** The distance between two pixels of a film, in mm; null where it is not known. @param {ViewedImage | null} image */
export const spacingOf = (image) => (image?.film ? image.result?.image.pixel_spacing_mm?.[1] ?? null : null);

/** @typedef {'mm' | 'detector' | 'unknown' | 'pixels'} Unit Where the spacing of a film holds; `unknown` where the file does not say. */

/** The plane in which the spacing of a film is valid, if it is known. @param {ViewedImage | null} image @returns {Unit} */
export function unitOf(image) {
  if (spacingOf(image) === null) return 'pixels';
  const plane = image?.result?.image.spacing_plane;
  return plane === 'patient' ? 'mm' : plane ?? 'unknown';
}

/** Micrometres per pixel of a field and who says so; null where that is not known. @param {Result | null | undefined} result */
export function scaleOfField(result) {
  const um = result?.tissue?.um_per_pixel ?? result?.image.um_per_pixel;
  return um ? { um, source: result?.tissue?.scale_source ?? 'given' } : null;
}

/**
 * Height and width of a pixel, with their unit: micrometres for a field, which are `nominal` where they follow from its magnification.
 * An estimated scale may be wrong by a factor of two and measures nothing.
 * @param {ViewedImage | null} image
 * @returns {{spacing: [number, number] | null, unit: Unit | 'um' | 'nominal'}}
 */
export function lengthsOf(image) {
  const field = image?.film ? null : scaleOfField(image?.result);
  if (field && field.source !== 'estimated') return { spacing: [field.um, field.um], unit: field.source === 'magnification' ? 'nominal' : 'um' };
  const unit = unitOf(image);
  return { spacing: unit === 'pixels' ? null : image?.result?.image.pixel_spacing_mm ?? null, unit };
}

/** The depth of the shown pixels of a film, in words. @param {ViewedImage} image */
export function depthWords({ film, source, depth }) {
  if (!film || !source) return '';
  if (depth === 'loading') return t('reading.depth.loading');
  if (depth === 'finer') return t('reading.depth.finer', { bits: source.bits });
  return source.bits > 8 ? t('reading.depth.deep', { bits: source.bits }) : t('reading.depth.eight');
}
