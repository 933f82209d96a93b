// The state of the page of a new case: the chosen files with their description and progress.

import { attributesOf } from '../core/modalities.js';
import { heldBack } from './patients.js';

/** @typedef {import('../core/dom.js').Note} Note */
/** @typedef {import('../core/types.d.ts').ShownStep} Step */

/** @typedef {'examining' | 'chosen' | 'refused' | 'sending' | 'following' | 'done' | 'failed' | 'cancelled'} Stage */
/** @typedef {'modality' | 'laterality' | 'view' | 'study_date' | 'um_per_pixel' | 'magnification'} OptionName */
/** @typedef {Record<OptionName, string>} Options Empty where it is not known. */
/** @typedef {{picture: HTMLCanvasElement} | {words: string, symbol: string}} Thumb */

/**
 * A chosen file.
 * @typedef {object} Entry
 * @property {number} id
 * @property {File} file
 * @property {Stage} stage
 * @property {string | null} format
 * @property {{width?: number, height?: number, bits?: number, view?: string | null, laterality?: string | null, notices?: import('../core/codes.js').Notice[]}} facts
 *     Of its picture, once they are known.
 * @property {Options} options What it is: guessed, until the reader corrects it.
 * @property {boolean} corrected
 * @property {boolean} acceptsOtherPatient The reader says that it belongs here although it names another patient.
 * @property {Thumb} thumb
 * @property {string} reason Why it is refused.
 * @property {Step[]} steps
 * @property {Note} failure
 * @property {Note} connection
 * @property {Note} alsoIn Where the same image is already.
 * @property {Note} conflicts Where its file says otherwise than the reader.
 * @property {boolean} retryable
 * @property {boolean} otherPatient Whether the reader has to say whether it belongs here.
 * @property {string | null} jobId
 * @property {Pick<import('../core/types.d.ts').PreviewRead, 'patient' | 'differs'> | null} header What a DICOM file says of
 *     its patient, once the server has read it.
 */

/**
 * @typedef {object} Intake
 * @property {Entry[]} entries
 * @property {Partial<Options>} series The scale that the reader gave for all fields.
 * @property {number} taking How many times files were chosen of which some are not on the list yet.
 * @property {boolean} started
 * @property {string} caseId
 * @property {string} problem Why nothing could be sent.
 * @property {string} announced
 */

/** @typedef {import('../core/store.js').Store<Intake>} IntakeStore */

/**
 * The data from the template.
 * @typedef {{inputErrors: string[], replaces: string, limits: {maxBytes: number, maxPixels: number, minSide: number}}} Config
 */

const NO_NOTE = { words: '' };
/** @type {Options} */
const UNKNOWN = { modality: '', laterality: '', view: '', study_date: '', um_per_pixel: '', magnification: '' };
let count = 0;

/** A file that was chosen just now. @param {File} file @returns {Entry} */
export function newEntry(file) {
  count += 1;
  return {
    id: count,
    file,
    stage: 'examining',
    format: null,
    facts: {},
    options: UNKNOWN,
    corrected: false,
    acceptsOtherPatient: false,
    thumb: { words: '', symbol: 'image' },
    reason: '',
    steps: [],
    failure: NO_NOTE,
    connection: NO_NOTE,
    alsoIn: NO_NOTE,
    conflicts: NO_NOTE,
    retryable: false,
    otherPatient: false,
    jobId: null,
    header: null,
  };
}

/** @param {IntakeStore} store @param {number} id */
export const entryOf = (store, id) => store.state.entries.find((entry) => entry.id === id);

/** Change what is known of a file; nothing where it was removed meanwhile. */
export function patch(/** @type {IntakeStore} */ store, /** @type {number} */ id, /** @type {Partial<Entry>} */ change) {
  store.update(({ entries }) => ({ entries: entries.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)) }));
}

/** The files that can be sent. @param {Intake} state */
export function ready({ entries }) {
  const held = heldBack(entries);
  return entries.filter((entry) => entry.stage === 'chosen' && !held.includes(entry));
}

/** The description of a file for sending: the known attributes of its modality. @param {Options} options */
export const saidOf = (options) =>
  Object.fromEntries(['modality', ...attributesOf(options.modality)].map((name) => [name, options[/** @type {OptionName} */ (name)]]).filter(([, value]) => value));
