// Corrects the description of an image, replaces its file, or removes it.

import { lossesOfImage } from '../cases/losses.js';
import { asProblem, call } from '../core/api.js';
import { conflictWords } from '../core/codes.js';
import { find, message, role } from '../core/dom.js';
import { attributesOf, setField, showFieldsOf } from '../core/modalities.js';
import { t } from '../core/words.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */
/** @typedef {'modality' | 'laterality' | 'view' | 'study_date' | 'um_per_pixel' | 'magnification'} FieldName */
/** @typedef {HTMLSelectElement | HTMLInputElement} Field */

/** @type {FieldName[]} */
const FIELDS = ['modality', 'laterality', 'view', 'study_date', 'um_per_pixel', 'magnification'];

/** The description of an image and the reviews of its analysis, as text for comparison. @param {import('./state.js').Reading} state @param {string} id */
function saidOf({ images, case: detail }, id) {
  const image = images.find((other) => other.id === id);
  const reviews = detail?.reviews.filter(({ job_id: job }) => job === image?.jobId);
  return image && JSON.stringify([FIELDS.map((name) => image.entry[name]), reviews]);
}

/**
 * The dialog about one image.
 * @param {HTMLDialogElement} dialog
 * @param {import('./state.js').ReadingStore} store
 * @param {{maySupersede: (change: string) => Promise<boolean>, refresh: () => Promise<void>, onChanged: () => Promise<void>, onExclude: (image: ViewedImage) => void}} actions
 */
export function createEdit(dialog, store, { maySupersede, refresh, onChanged, onExclude }) {
  const form = find(dialog, 'form', HTMLFormElement);
  const fields = new Map(FIELDS.map((name) => [name, /** @type {Field} */ (find(form, `[name="${name}"]`))]));
  /** @type {ViewedImage | null} */
  let edited = null;
  /** @type {{etag: string | null, said: string | undefined}} The case and the image as the reader saw them. */
  let seen = { etag: null, said: undefined };
  let busy = false;

  /** @param {FieldName} name */
  function valueOf(name) {
    const value = fields.get(name)?.value || null;
    return value && name === 'um_per_pixel' ? Number(value) : value;
  }

  const kindOf = () => fields.get('modality')?.value || null;

  /** @param {ViewedImage} image */
  function open(image) {
    if (dialog.open) return;
    edited = image;
    const { entry, id } = image;
    seen = { etag: store.state.etag, said: saidOf(store.state, id) };
    role(dialog, 'file').textContent = entry.file_name;
    for (const [name, field] of fields) setField(field, String(entry[name] ?? ''));
    message(role(dialog, 'problem'), '');
    message(role(dialog, 'conflicts'), conflictWords(entry.conflicts), { symbol: 'question' });
    const query = new URLSearchParams({ case: entry.case_id ?? '', replaces: id });
    role(dialog, 'replace', HTMLAnchorElement).href = `/new?${query}`;
    role(dialog, 'change').hidden = !entry.removable;
    role(dialog, 'kept').textContent = entry.kept_by ? t(`reading.edit.kept.${entry.kept_by}`) : '';
    role(dialog, 'kept').hidden = entry.removable;
    role(dialog, 'exclude').hidden = !entry.excludable;
    confirming(false);
    showFields();
    dialog.showModal();
  }

  function showFields() {
    showFieldsOf(form, kindOf());
  }

  async function save() {
    if (!edited) return;
    const { entry, name: ofImage } = edited;
    const names = /** @type {FieldName[]} */ (['modality', ...attributesOf(kindOf())]);
    const send = Object.fromEntries(names.map((name) => [name, valueOf(name)]).filter(([name, value]) => value !== entry[/** @type {FieldName} */ (name)]));
    if (await maySupersede(t('reading.edit.of', { name: ofImage }))) await act('patch', send);
  }

  /** Ask before removing, and list what is deleted. */
  async function ask() {
    const image = edited;
    if (!image) return;
    try {
      const { words, refused } = await lossesOfImage(image.id);
      if (edited !== image || !dialog.open) return; // it was closed meanwhile, and may be open for another
      if (refused) return message(role(dialog, 'problem'), words);
      role(dialog, 'losses').textContent = words;
      confirming(true);
    } catch (error) {
      if (edited === image) message(role(dialog, 'problem'), asProblem(error).message);
    }
  }

  /** @param {boolean} on */
  function confirming(on) {
    role(dialog, 'confirm').hidden = !on;
    role(dialog, 'remove', HTMLButtonElement).disabled = on;
    if (on) role(dialog, 'keep').focus();
  }

  /** @param {'patch' | 'delete'} method @param {any} [send] */
  async function act(method, send) {
    if (!edited) return;
    busy = true;
    try {
      await write(edited.id, method, send);
      dialog.close();
      await onChanged();
    } catch (error) {
      message(role(dialog, 'problem'), asProblem(error).message);
    } finally {
      busy = false;
    }
  }

  /** Change the image as the reader saw it; repeated if meanwhile only another part of the case changed. */
  async function write(/** @type {string} */ id, /** @type {'patch' | 'delete'} */ method, /** @type {any} */ send) {
    try {
      await call(method, '/api/v1/images/{image_id}', { params: { image_id: id }, send, ifMatch: seen.etag });
    } catch (error) {
      if (asProblem(error).code !== 'case_changed') throw error;
      await refresh();
      if (saidOf(store.state, id) !== seen.said) throw error;
      if (seen.etag === store.state.etag) throw error; // it is not this case that has changed
      seen.etag = store.state.etag;
      await write(id, method, send);
    }
  }

  form.addEventListener('change', showFields);
  role(dialog, 'cancel').addEventListener('click', () => dialog.close());
  role(dialog, 'remove').addEventListener('click', ask);
  role(dialog, 'exclude').addEventListener('click', () => {
    dialog.close();
    if (edited) onExclude(edited);
  });
  role(dialog, 'keep').addEventListener('click', () => confirming(false));
  role(dialog, 'sure').addEventListener('click', () => !busy && act('delete'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!busy) save();
  });
  return { open };
}
