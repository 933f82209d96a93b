// Compares the patients of files that are not sent yet, using fingerprints from the server. Pure functions.

import { sentences, t } from '../core/words.js';

/** @typedef {'patient_id' | 'patient_name' | 'birth_date'} Attribute */
/** @typedef {{patient: Record<Attribute, string | null>, differs: Attribute[]}} Header As the API's `PreviewRead`. */

/** @type {Attribute[]} */
const ATTRIBUTES = ['patient_id', 'patient_name', 'birth_date'];

/**
 * The attributes in which each file names another patient than the case, or than the files before it.
 * @param {Header[]} headers In the order in which the files are sent.
 * @returns {Attribute[][]}
 */
export function patientDifferences(headers) {
  /** @type {Header[]} */
  const agreeing = [];
  return headers.map((header) => {
    const differing = ATTRIBUTES.filter((name) => header.differs.includes(name) || differs(header, agreeing, name));
    if (differing.length === 0) agreeing.push(header);
    return differing;
  });
}

/** @param {Header} header @param {Header[]} others @param {Attribute} name */
function differs({ patient }, others, name) {
  const known = others.map((other) => other.patient[name]).filter((mark) => mark !== null);
  return patient[name] !== null && known.length > 0 && !known.includes(patient[name]);
}

/** The attributes in which a file names another patient, as sentences. @param {string[]} attributes */
export const differingWords = (attributes) => attributes.map((name) => t(`newcase.other_patient.${name}`));

/**
 * The warning about a file before it is sent; empty if it names the same patient, or if the reader has accepted it.
 * @param {import('./state.js').Entry[]} entries
 * @param {number} id
 */
export function patientWarning(entries, id) {
  const attributes = differingOf(entries, id);
  return attributes.length ? sentences([t('newcase.other_patient'), ...differingWords(attributes)]) : '';
}

/** The files that are not sent before the reader says whether they belong here. @param {import('./state.js').Entry[]} entries */
export const heldBack = (entries) => entries.filter(({ id }) => differingOf(entries, id).length > 0);

/** The attributes in which an unsent file names another patient; none if the reader has accepted it. @param {import('./state.js').Entry[]} entries @param {number} id @returns {Attribute[]} */
function differingOf(entries, id) {
  const known = entries.filter(({ stage, header }) => header && stage !== 'refused' && stage !== 'cancelled');
  const at = known.findIndex((entry) => entry.id === id);
  if (at < 0 || known[at].stage !== 'chosen' || known[at].acceptsOtherPatient) return [];
  return patientDifferences(known.map(({ header }) => /** @type {Header} */ (header)))[at];
}
