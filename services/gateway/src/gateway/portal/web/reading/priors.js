// Earlier examinations of the patient: found in other cases, listed, and hung beside the current one.

import { call } from '../core/api.js';
import { all, role } from '../core/dom.js';
import { dayWords } from '../core/times.js';
import { t } from '../core/words.js';

/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

/**
 * @param {HTMLElement} section With `data-earlier` where there are any to be found.
 * @param {import('./state.js').ReadingStore} store
 * @param {{caseId: string, retake: () => void, choose: (image: ViewedImage) => void}} page
 */
export function createPriors(section, store, { caseId, retake, choose }) {
  /** @type {Map<string, string>} The case that a film of another case lies in, by image. */
  const elsewhere = new Map();

  async function find() {
    const { body } = await call('get', '/api/v1/cases/{case_id}/priors', { params: { case_id: caseId } });
    for (const { case_id: other, images } of body) for (const { id } of images) elsewhere.set(id, other);
    if (!body.length) return;
    store.update({ earlier: body.flatMap(({ images }) => images) });
    retake();
  }

  // The change of a lesion is shown with the lesion, not here.
  store.subscribe(['images', 'activeId'], ({ images, activeId }) => {
    const priors = images.filter(({ prior }) => prior);
    section.hidden = priors.length === 0;
    const days = [...new Set(priors.map(({ entry }) => entry.examination ?? ''))].sort().reverse();
    const active = images.find(({ id }) => id === activeId);
    const rows = days.map((day) => rowOf(priors.filter(({ entry }) => entry.examination === day), day, active ?? null));
    role(section, 'examinations').replaceChildren(...rows);
  });

  /** @param {ViewedImage[]} films @param {string} day @param {ViewedImage | null} active */
  function rowOf(films, day, active) {
    const row = document.createElement('li');
    const button = document.createElement('button');
    const beside = films.find(({ entry }) => entry.laterality === active?.entry.laterality && entry.view === active?.entry.view) ?? films[0];
    button.type = 'button';
    button.className = 'small';
    button.textContent = t('reading.priors.films', { day: dayWords(day), count: films.length });
    button.setAttribute('aria-pressed', String(films.some(({ id }) => id === active?.id)));
    button.addEventListener('click', () => {
      choose(beside);
      all(section, '[data-role="examinations"] button').find((other) => other.textContent === button.textContent)?.focus();
    });
    row.append(button);
    const other = elsewhere.get(films[0].id);
    if (other) row.append(' ', link(`/cases/${other}`, t('common.open_case')));
    return row;
  }

  if (section.hasAttribute('data-earlier')) find().catch(() => {}); // a case can be read without them
}

/** @param {string} href @param {string} words */
function link(href, words) {
  const made = document.createElement('a');
  made.href = href;
  made.textContent = words;
  return made;
}
