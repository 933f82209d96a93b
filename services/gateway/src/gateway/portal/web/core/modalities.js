// The modalities that this server knows, as the page provides them. No other module branches on a modality.

import { all } from './dom.js';

/**
 * @typedef {object} Modality As `GET /api/v1/modalities` gives it.
 * @property {string} name
 * @property {string[]} formats
 * @property {'film' | 'tissue' | 'image'} evidence
 * @property {string[]} attributes What may be said of an image: `view`, `laterality`, `study_date`, `um_per_pixel`, `magnification`.
 * @property {{codes: string[], offered: string[], screening: string[]} | null} [views]
 * @property {{findings: string[]}} holds
 * @property {boolean} [reads_regions] Whether its workers judge regions that readers draw.
 * @property {Record<string, string>} labels What its findings are called, by label.
 * @property {{colours?: 'grey' | 'colour' | null, windowed: boolean, file_names: string}} look
 */

/** @type {Modality[] | null} */
let known = null;
const page = globalThis.document;

/** Replace the modalities that the page provides, for tests. @param {Modality[]} modalities */
export function useModalities(modalities) {
  known = modalities;
}

/** Every modality. @returns {Modality[]} */
export function modalities() {
  known ??= /** @type {Modality[]} */ (JSON.parse(page?.body.dataset.modalities ?? '[]'));
  return known;
}

/** A modality by its name; null where this server does not know it. @param {string | null} name */
export const modality = (name) => modalities().find((other) => other.name === name) ?? null;

/** The attributes of the images of a modality. @param {string | null} name @returns {string[]} */
export const attributesOf = (name) => modality(name)?.attributes ?? [];

/** Whether the images of a modality are films, whose grey values are measured. @param {string} name */
export const isFilm = (name) => modality(name)?.look.windowed ?? false;

/** Whether results of a modality hold findings. @param {string} name */
export const hasFindings = (name) => (modality(name)?.holds.findings.length ?? 0) > 0;

/** The modality whose images look so; empty where there is none. @param {'grey' | 'colour'} colours */
export const nameByLook = (colours) => modalities().find(({ look }) => look.colours === colours)?.name ?? '';

/** The projection of a view, then its modifiers, as `lobule.contracts.views` names it. @param {string} view */
export const shownView = (view) =>
  view.replace(/^(S?)(M?)((?:X?CC[LM]?|MLO|LMO?|ML|[SI][IS]O|FB|AT|CV|TAN|))(R[LMSI])?$/, (_all, spot, magnified, projection, rolled) =>
    [projection, spot && 'SPOT', magnified && 'MAG', rolled].filter(Boolean).join(' '),
  );

/** Set a field of a form, to what it does not offer as well: a file may be of a special view. @param {HTMLSelectElement | HTMLInputElement} field @param {string} value @param {string} [name] What the value is called. */
export function setField(field, value, name = shownView(value)) {
  field.value = value;
  if (!(field instanceof HTMLSelectElement) || field.value === value) return;
  field.add(new Option(name, value));
  field.value = value;
}

/**
 * Show those fields of a form that the images of a modality have, and the views that it offers.
 * @param {HTMLElement} form
 * @param {string | null} name Of the modality.
 */
export function showFieldsOf(form, name) {
  for (const part of all(form, '[data-of]')) {
    part.hidden = !attributesOf(name).includes(part.dataset.of ?? '');
    for (const field of all(part, 'input')) field.toggleAttribute('disabled', part.hidden); // so that the browser does not check it
  }
  const offered = ['', ...(modality(name)?.views?.offered ?? [])];
  for (const option of all(form, 'select[name="view"] option')) option.hidden = !offered.includes(option.getAttribute('value') ?? '');
}
