// A short tour of the portal, on request: six steps, each next to the element that it describes, if the page has it.

import { call } from '../core/api.js';
import { find, role, write } from '../core/dom.js';
import { t } from '../core/words.js';

/** @type {[string, string][]} Each step and what it speaks of, as a selector. */
const STEPS = [
  ['list', '#list'],
  ['new', 'a[href="/new"].primary'],
  ['read', 'tbody .case a, [data-sample]'],
  ['verdict', ''],
  ['sign', ''],
  ['help', 'nav a[href="/help"]'],
];

/** Make the tour. @param {HTMLDialogElement} dialog */
export function createTour(dialog) {
  const next = role(dialog, 'next', HTMLButtonElement);
  const back = role(dialog, 'back', HTMLButtonElement);
  let at = 0;

  /** @param {number} step */
  function show(step) {
    at = step;
    const [name, place] = STEPS[at];
    write(role(dialog, 'place'), t('tour.place', { number: at + 1, all: STEPS.length }));
    write(find(dialog, 'h2'), t(`tour.${name}.title`));
    write(find(dialog, '#tour-words'), t(`tour.${name}.words`));
    write(next, t(at === STEPS.length - 1 ? 'tour.end' : 'tour.next'));
    back.disabled = at === 0;
    light(place);
    find(dialog, 'h2').focus(); // a screen reader says the step
  }

  /** @param {string} place */
  function light(place) {
    document.querySelector('[data-toured]')?.removeAttribute('data-toured');
    const lit = place ? document.querySelector(place) : null;
    lit?.setAttribute('data-toured', '');
    lit?.scrollIntoView({ block: 'nearest' });
  }

  next.addEventListener('click', () => (at < STEPS.length - 1 ? show(at + 1) : dialog.close()));
  back.addEventListener('click', () => show(at - 1));
  role(dialog, 'skip').addEventListener('click', () => dialog.close());
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowRight') next.click();
    if (key === 'ArrowLeft' && at > 0) show(at - 1);
  });
  dialog.addEventListener('close', () => {
    light('');
    seen();
  });

  return {
    start() {
      dialog.showModal();
      show(0);
    },
  };
}

/** The tour is not offered again. */
export const seen = () => call('put', '/api/v1/hints/{hint}', { params: { hint: 'tour' } }).catch(() => {}); // it is offered once more then
