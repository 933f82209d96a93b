// Films that name another patient: named on the page, and moved to where they belong, or deleted.

import { asProblem, call } from '../core/api.js';
import { confirmed } from '../core/confirm.js';
import { all, find, message, role } from '../core/dom.js';
import { dayWords } from '../core/times.js';
import { t } from '../core/words.js';
import { differingWords } from '../upload/patients.js';

/** @typedef {import('../core/types.d.ts').RefusedFilm} RefusedFilm */
/** @typedef {import('../core/types.d.ts').ImageExclusion} ImageExclusion */
/**
 * @typedef {object} Film A film that may not belong to the case.
 * @property {string} name
 * @property {string} words What is known of it.
 * @property {string | null} imageId None of a film that was refused, of which the server has no file.
 * @property {string | null} jobId
 * @property {string} sha256
 * @property {boolean} apart Whether it is no image of the case.
 */

const SEARCHED = 20;

/** @param {RefusedFilm} film @returns {Film} */
function refusedFilm({ view, laterality, study_date: date, differs, image_id: imageId, job, sha256 }) {
  const name = `${laterality ?? ''}${view ?? ''}` || t('reading.belongs.film');
  const words = [name, date && dayWords(date), ...differingWords(differs)].filter(Boolean).join(' · ');
  return { name, words, imageId, jobId: job?.id ?? null, sha256, apart: true };
}

/**
 * @param {HTMLElement} notes Where refused films are named.
 * @param {HTMLDialogElement} dialog
 * @param {import('./state.js').ReadingStore} store
 * @param {{maySupersede: (change: string) => Promise<boolean>, onChanged: () => Promise<void>}} actions
 */
export function createBelongs(notes, dialog, store, { maySupersede, onChanged }) {
  const form = find(dialog, 'form', HTMLFormElement);
  const pseudonym = find(form, '[name="pseudonym"]', HTMLInputElement);
  const reason = find(form, '[name="reason"]', HTMLTextAreaElement);
  const accept = find(form, '[name="accept"]', HTMLInputElement);
  const choices = /** @type {HTMLInputElement[]} */ (all(form, '[name="into"]'));
  /** @type {Film | null} */
  let film = null;
  /** @type {{id: string, pseudonym: string}[]} */
  let found = [];
  let named = '';
  let busy = false;

  const problem = (/** @type {string} */ words) => message(role(dialog, 'problem'), words);
  const into = () => choices.find(({ checked }) => checked)?.value ?? '';

  /** List the refused films, each with the form that asks where it belongs. */
  function show() {
    const films = (store.state.case?.refused_films ?? []).map(refusedFilm);
    const key = JSON.stringify(films);
    if (key === named) return; // a button that has the focus keeps it
    named = key;
    notes.replaceChildren(...films.map((each) => {
      const line = document.createElement('p');
      line.className = 'message';
      line.setAttribute('role', 'status');
      message(line, t(each.imageId ? 'reading.refused.kept' : 'reading.refused.gone', { film: each.words }));
      const decide = document.createElement('button');
      decide.type = 'button';
      decide.className = 'small';
      decide.textContent = t('reading.refused.decide');
      decide.addEventListener('click', () => open(each));
      line.append(decide);
      return line;
    }));
  }

  /** @param {Film} which */
  function open(which) {
    if (dialog.open) return;
    film = which;
    form.reset();
    problem('');
    role(dialog, 'film').textContent = which.words;
    const look = role(dialog, 'look', HTMLAnchorElement);
    look.hidden = !which.jobId;
    look.href = `/jobs/${which.jobId}`;
    for (const choice of choices) {
      const { value, parentElement: label } = choice;
      if (label) label.hidden = which.imageId ? value === 'here' && !which.apart : value !== 'deletion';
    }
    role(dialog, 'accept').hidden = true;
    showFields();
    dialog.showModal();
  }

  function showFields() {
    for (const field of all(form, '[data-for]')) field.hidden = !(field.dataset.for ?? '').split(' ').includes(into());
    if (into() !== 'case') role(dialog, 'accept').hidden = true;
  }

  async function search() {
    if (into() !== 'case') return;
    const { body } = await call('get', '/api/v1/cases', { query: { q: pseudonym.value.trim(), limit: String(SEARCHED) } });
    found = body.items.filter(({ id }) => id !== store.state.case?.id);
    find(form, 'datalist').replaceChildren(...found.map((each) => new Option(each.pseudonym, each.pseudonym)));
  }

  /** The case with the given name; null, with a message, if there is none or more than one. */
  async function chosenCase() {
    await search();
    const same = found.filter((each) => each.pseudonym === pseudonym.value.trim());
    if (same.length === 1) return same[0].id;
    problem(t(same.length ? 'reading.belongs.several' : 'reading.belongs.no_case'));
    return null;
  }

  /** @param {Film} which */
  async function carryOut({ imageId, sha256 }) {
    const ifMatch = store.state.etag;
    const caseId = store.state.case?.id ?? '';
    const why = reason.value.trim();
    if (!imageId) {
      const params = { case_id: caseId, sha256 };
      return call('post', '/api/v1/cases/{case_id}/refused-films/{sha256}/dismissal', { params, send: { reason: why }, ifMatch });
    }
    const params = { image_id: imageId };
    if (into() === 'here') {
      const send = { case_id: caseId, accept_other_patient: true };
      return call('patch', '/api/v1/images/{image_id}', { params, send, ifMatch });
    }
    /** @type {any} */
    const send = { into: into(), reason: why };
    if (into() === 'new_case' && pseudonym.value.trim()) send.pseudonym = pseudonym.value.trim();
    if (into() === 'case') {
      send.case_id = await chosenCase();
      if (!send.case_id) return null;
      send.accept_other_patient = accept.checked;
    }
    return confirmed(() => call('post', '/api/v1/images/{image_id}/exclusion', { params, send, ifMatch }));
  }

  async function submit() {
    if (!film) return;
    if (!into()) return problem(t('reading.belongs.choose'));
    if (into() !== 'here' && !reason.value.trim()) {
      problem(t('reading.belongs.why'));
      return reason.focus();
    }
    if (!(await maySupersede(t('reading.belongs.of', { name: film.name })))) return;
    try {
      if (!(await carryOut(film))) return;
      dialog.close();
      await onChanged();
    } catch (error) {
      const { code, message: words } = asProblem(error);
      if (code === 'other_patient') role(dialog, 'accept').hidden = false;
      if (code === 'case_changed') await onChanged(); // the next try is of the case as it is then
      problem(words);
    }
  }

  for (const choice of choices) {
    choice.addEventListener('change', () => { // not of text: the button would move away under the hand that presses it
      problem('');
      showFields();
      search().catch(() => {}); // it is searched again before the film is moved
    });
  }
  pseudonym.addEventListener('input', () => search().catch(() => {}));
  role(dialog, 'cancel').addEventListener('click', () => dialog.close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    await submit().finally(() => (busy = false));
  });

  /** @param {import('../viewer/image.js').ViewedImage} image One of the case's own. */
  const exclude = ({ id, name, jobId, entry }) => open({ name, words: name, imageId: id, jobId, sha256: entry.sha256, apart: false });
  return { show, exclude };
}
