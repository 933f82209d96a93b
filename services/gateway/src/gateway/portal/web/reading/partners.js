// Names findings for references: the system's by film and number, a reader's by letter.

import { role, write } from '../core/dom.js';
import { list, t } from '../core/words.js';
import { letterOf } from '../viewer/own.js';
import { ownById, partnersOf } from './own.js';
import { nameOf, targetOf } from './targets.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('../core/types.d.ts').FindingReference} FindingReference */

/** The target of a reference to a finding of the system; null if its analysis is not the newest. @param {Reading} state @param {FindingReference} reference */
export function targetOfReference({ images }, { job_id: jobId, finding_id: findingId }) {
  const image = images.find((other) => other.jobId === jobId);
  const index = image?.result?.findings.findIndex(({ id }) => id === findingId) ?? -1;
  return image && index >= 0 ? targetOf(image, index) : null;
}

/** @param {Reading} state @param {FindingReference} reference */
export function nameOfReference(state, reference) {
  const target = reference.job_id ? targetOfReference(state, reference) : null;
  if (target) return nameOf(state, target);
  const own = ownById(state, reference.finding_id);
  return own ? t('reading.own.name', { letter: letterOf(own.number) }) : t('reading.own.gone');
}

/** Show the findings that are linked with a finding, each with a button that removes the link. @param {HTMLElement} row @param {Reading} state @param {import('../core/types.d.ts').FindingReference} of */
export function showPartner(row, state, of) {
  const [first] = partnersOf(state, of);
  const place = role(row, 'partner');
  place.hidden = !first;
  if (!first) return;
  write(role(place, 'same'), t('reading.own.same', { what: list(partnersOf(state, of).map(({ other }) => nameOfReference(state, other))) }));
  role(place, 'part').dataset.mark = first.mark.id;
}
