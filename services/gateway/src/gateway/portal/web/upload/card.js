// The card of a chosen file.

import { all, copy, find, icon, role, showNote } from '../core/dom.js';
import { modality, setField, showFieldsOf, shownView } from '../core/modalities.js';
import { bytes } from '../core/numbers.js';
import { has, sentences, t } from '../core/words.js';
import { showSteps } from '../jobs/steps.js';
import { fileDoubts } from './doubts.js';
import { patientWarning } from './patients.js';
import { patch } from './state.js';

/** @typedef {import('./state.js').Entry} Entry */

/**
 * The actions of its buttons.
 * @typedef {Record<'retry' | 'cancel' | 'accept' | 'leave' | 'remove', (id: number) => unknown>} Actions
 */

/**
 * A card that shows a file of the state until it is removed.
 * @param {import('./state.js').IntakeStore} store
 * @param {Entry} entry
 * @param {Actions} actions
 */
export function createCard(store, { id, file }, actions) {
  const card = copy('entry');
  role(card, 'name').textContent = file.name;
  role(card, 'remove').setAttribute('aria-label', t('newcase.remove', { name: file.name }));
  for (const [name, act] of Object.entries({ ...actions, 'same-patient': actions.accept, 'leave-out': actions.leave }))
    role(card, name).addEventListener('click', () => act(id));
  card.addEventListener('change', () => patch(store, id, { options: chosenIn(card), corrected: true }));
  /** @type {Entry | undefined} */
  let shown;
  const end = store.subscribe(['entries'], ({ entries }) => {
    const entry = entries.find((other) => other.id === id);
    const warning = patientWarning(entries, id);
    showNote(role(card, 'patient'), { words: warning });
    role(card, 'other-patient').hidden = !warning;
    card.toggleAttribute('data-held', Boolean(warning));
    if (entry === shown) return;
    if (entry) show(card, entry, shown);
    else {
      end();
      card.remove();
    }
    shown = entry;
  });
  return card;
}

/** @typedef {HTMLSelectElement | HTMLInputElement} Field */

/** @param {HTMLElement} card */
const fieldsOf = (card) => /** @type {Field[]} */ (all(role(card, 'choices'), 'select, input'));

/** @param {HTMLElement} card */
const chosenIn = (card) =>
  /** @type {import('./state.js').Options} */ (Object.fromEntries(fieldsOf(card).map(({ name, value }) => [name, value])));

/** @param {HTMLElement} card @param {Entry} entry @param {Entry | undefined} before */
function show(card, entry, before) {
  const { stage } = entry;
  const under = !['examining', 'chosen', 'refused'].includes(stage);
  card.dataset.state = stage;
  role(card, 'facts').textContent = factsWords(entry);
  if (entry.thumb !== before?.thumb) showThumb(role(card, 'thumb'), entry);
  showNote(role(card, 'problem'), { words: problemOf(entry) });
  showNote(role(card, 'doubts'), { words: sentences(fileDoubts(entry).words), symbol: 'question' });
  showChoices(card, entry);
  role(card, 'choices').hidden = under || stage === 'refused';
  role(card, 'remove').hidden = under;
  role(card, 'following').hidden = !under;
  showSteps(card, entry.steps);
  showNote(role(card, 'failure'), entry.failure);
  showNote(role(card, 'connection'), entry.connection);
  showNote(role(card, 'also'), entry.alsoIn);
  showNote(role(card, 'conflicts'), entry.conflicts);
  role(card, 'retry').hidden = !entry.retryable;
  role(card, 'cancel').hidden = !['sending', 'following'].includes(stage);
  for (const name of ['accept', 'leave']) role(card, name).hidden = !entry.otherPatient;
}

/** @param {HTMLElement} card @param {Entry} entry */
function showChoices(card, { options }) {
  for (const field of fieldsOf(card)) {
    const value = options[/** @type {import('./state.js').OptionName} */ (field.name)];
    const name = `examined.${field.name}.${value}`;
    setField(field, value, has(name) ? t(name) : shownView(value));
  }
  showFieldsOf(card, options.modality);
}

/** @param {HTMLElement} place @param {Entry} entry */
function showThumb(place, { thumb, file }) {
  if ('picture' in thumb) {
    thumb.picture.setAttribute('role', 'img');
    thumb.picture.setAttribute('aria-label', t('newcase.preview', { name: file.name }));
    place.replaceChildren(thumb.picture);
    return;
  }
  const text = document.createElement('span');
  text.textContent = thumb.words;
  place.replaceChildren(icon(thumb.symbol), text);
}

/** The reason for which a file cannot be sent or will be refused. @param {Entry} entry */
function problemOf({ stage, reason, format, options, thumb }) {
  const wrong = stage !== 'examining' && format === 'DICOM' && !modality(options.modality)?.formats.includes('DICOM');
  const damaged = stage === 'chosen' && !('picture' in thumb) && thumb.symbol === 'alert' ? thumb.words : '';
  return reason || damaged || (wrong ? t('checks.dicom_histology') : '');
}

/** @param {Entry} entry */
function factsWords({ format, facts, file, stage }) {
  if (stage === 'examining' && !format) return '';
  const { width, height, bits = 8 } = facts;
  const known = { format: format || t('newcase.unknown_type'), size: bytes(file.size) };
  if (!width || !height) return t('newcase.facts', known);
  return t(bits > 8 ? 'newcase.facts.deep' : 'newcase.facts.pixels', { ...known, width, height, bits });
}

/** The element that gets the focus when a card is removed: the button of its neighbour. @param {HTMLElement} card */
export function neighbourOf(card) {
  const next = card.nextElementSibling ?? card.previousElementSibling;
  const button = next && find(next, '[data-role="remove"]');
  return button && !button.hidden ? button : null;
}
