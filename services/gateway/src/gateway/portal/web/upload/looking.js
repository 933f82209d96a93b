// Inspects a chosen file: checks it, guesses what it is, and draws its preview.

import { problemWords } from '../core/codes.js';
import { t } from '../core/words.js';
import { examine, sameBytes, sizeProblem } from './checks.js';
import { guess, modalityOf } from './guess.js';
import { askForPreview, localPreview, serverPreview } from './preview.js';
import { withSeries } from './series.js';
import { entryOf, patch } from './state.js';

/** @typedef {import('./state.js').Entry} Entry */

/** @type {Promise<unknown>} */
let asking = Promise.resolve(); // one file after the other goes to the server to be looked at
/** @type {Promise<unknown>} */
let drawing = Promise.resolve(); // the server draws one preview after the other

/**
 * Inspect a file that was just chosen.
 * @param {import('./state.js').IntakeStore} store
 * @param {Entry} entry
 * @param {import('./state.js').Config} config
 */
export async function look(store, { id, file }, { limits, replaces }) {
  const waits = () => entryOf(store, id)?.stage === 'chosen';
  const { format, bits, problem, previewable } = await examine(file, limits);
  patch(store, id, { format });
  if (problem) return refuse(problem);
  const twin = await twinOf();
  if (twin) return refuse(t('checks.duplicate', { name: twin.file.name }));
  choose(guess(file.name, format));
  patch(store, id, { stage: 'chosen' });
  if (previewable) await drawHere();
  else {
    const asked = asking.then(askThere);
    asking = asked;
    drawing = Promise.all([drawing, asked]).then(([, preview]) => drawThere(preview));
  }
  return undefined;

  /** @param {string} reason */
  function refuse(reason) {
    patch(store, id, { stage: 'refused', reason, thumb: { words: '', symbol: 'cross' } });
  }

  /** An earlier file of the list that holds the same bytes. */
  async function twinOf() {
    for (const other of store.state.entries) {
      if (other.id === id) break;
      if (other.stage !== 'refused' && (await sameBytes(other.file, file).catch(() => false))) return other; // one may be gone
    }
    return null;
  }

  /** Choose what it is, unless the reader said it. @param {Partial<import('./state.js').Options>} options */
  function choose(options) {
    const entry = entryOf(store, id);
    if (entry && !entry.corrected) patch(store, id, { options: withSeries({ ...entry.options, ...options }, store.state.series) });
  }

  async function drawHere() {
    try {
      const { width, height, picture } = await localPreview(file);
      patch(store, id, { facts: { width, height } });
      const wrong = sizeProblem(width, height, limits);
      if (wrong) return refuse(wrong);
      choose(guess(file.name, format, { modality: modalityOf(picture) }));
      patch(store, id, { thumb: { picture } });
    } catch {
      patch(store, id, { thumb: { words: t('newcase.preview.damaged'), symbol: 'image' } });
    }
    return undefined;
  }

  function noPreview() {
    patch(store, id, { thumb: { words: t('newcase.preview.none'), symbol: 'image' } });
  }

  /** Send the file to the server for a preview; returns the preview, or null if the server cannot draw it. */
  async function askThere() {
    if (!waits()) return null;
    patch(store, id, { thumb: { words: t('newcase.preview.drawing'), symbol: 'queue' } });
    try {
      const preview = await askForPreview(file, { caseId: store.state.caseId, replaces });
      if (preview.study_date) choose({ study_date: preview.study_date });
      patch(store, id, { header: preview });
      return preview;
    } catch {
      noPreview();
      return null;
    }
  }

  /** @param {import('./preview.js').PreviewRead | null} preview */
  async function drawThere(preview) {
    if (!preview) return;
    try {
      const { facts, picture } = await serverPreview(preview);
      if (waits()) take(facts, picture);
    } catch {
      noPreview();
    }
  }

  /** @param {import('./preview.js').PictureFacts | null} facts @param {HTMLCanvasElement | null} picture */
  function take(facts, picture) {
    const { width, height, error, view, laterality, notices } = facts ?? {};
    if (width && height) patch(store, id, { facts: { width, height, bits: Math.max(bits, facts?.bits || 8), view, laterality, notices } });
    if (error) patch(store, id, { thumb: { words: problemWords(error), symbol: 'alert' } });
    else if (!facts || !picture) throw new Error('picture');
    else {
      choose(guess(file.name, format, facts));
      patch(store, id, { thumb: { picture } });
    }
  }
}
