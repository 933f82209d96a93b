// States the scale of all fields of a series at once.

import { all } from '../core/dom.js';
import { attributesOf } from '../core/modalities.js';
import { patch } from './state.js';

/** @typedef {import('./state.js').Entry} Entry */
/** @typedef {'um_per_pixel' | 'magnification'} ScaleName */

/** Whether a scale can be given for a chosen file. @param {Entry} entry */
const isField = ({ stage, options }) => stage === 'chosen' && attributesOf(options.modality || null).includes('um_per_pixel');

/**
 * The description of a file with the scale of its series, where the file itself tells none.
 * @param {import('./state.js').Options} options
 * @param {import('./state.js').Intake['series']} series
 */
export function withSeries(options, series) {
  const known = attributesOf(options.modality || null);
  const lacking = Object.entries(series).filter(([name]) => known.includes(name) && !options[/** @type {ScaleName} */ (name)]);
  return { ...options, ...Object.fromEntries(lacking) };
}

/**
 * Offer one scale for all fields as long as there are several: it is written into each, where it can be corrected.
 * @param {import('./state.js').IntakeStore} store
 * @param {HTMLElement} part
 */
export function offerSeries(store, part) {
  const fields = /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ (all(part, 'input, select'));
  for (const field of fields)
    field.addEventListener('change', () => {
      if (!field.checkValidity()) return void field.reportValidity();
      const name = /** @type {ScaleName} */ (field.name);
      store.update(({ series }) => ({ series: { ...series, [name]: field.value } })); // those that are chosen later have it, too
      for (const { id, options } of store.state.entries.filter(isField))
        patch(store, id, { options: { ...options, [name]: field.value }, corrected: true });
      return undefined;
    });
  store.subscribe(['entries', 'started'], ({ entries, started }) => {
    part.hidden = started || entries.filter(isField).length < 2;
    for (const field of fields) field.disabled = part.hidden; // so that the browser does not check it
  });
}
