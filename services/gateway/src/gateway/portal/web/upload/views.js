// Shows summaries of all files on the page of a new case.

import { all, role, showNote, write } from '../core/dom.js';
import { list, t } from '../core/words.js';
import { currentFilms } from './hanging.js';
import { heldBack } from './patients.js';
import { ready } from './state.js';

/** @typedef {import('./state.js').Intake} Intake */

const VIEWS = ['RCC', 'LCC', 'RMLO', 'LMLO'];

/**
 * The note about the four views among the chosen films of the current examination: missing ones and repeated ones.
 * @param {Intake} state
 * @returns {import('../core/dom.js').Note}
 */
export function viewsNote({ entries, started }) {
  const films = currentFilms(entries).filter(({ stage }) => stage !== 'examining');
  const here = films.map(({ options }) => options.laterality + options.view);
  const missing = VIEWS.filter((view) => !here.includes(view));
  const twice = VIEWS.find((view) => here.filter((other) => other === view).length > 1);
  if (!films.length || started) return { words: '' };
  if (twice) return { words: t('newcase.views.twice', { view: twice }), symbol: 'question' };
  if (missing.length) return { words: t('newcase.views.missing', { views: list(missing) }), symbol: 'question' };
  return { words: t('newcase.views.complete'), symbol: 'clear' };
}

/** The number of sent files that are done, in words. @param {Intake} state */
export function summaryWords({ entries }) {
  const sent = entries.filter(({ stage }) => stage !== 'refused');
  const done = sent.filter(({ stage }) => stage === 'done').length;
  const failed = entries.filter(({ stage }) => stage === 'failed' || stage === 'refused').length + heldBack(entries).length;
  const parts = [t('newcase.summary', { done, all: sent.length })];
  if (failed) parts.push(t('newcase.summary.failed', { count: failed }));
  return parts.join(' · ');
}

/** The reasons for which files, or the whole case, cannot be sent. @param {Intake} state */
export function problemWords({ entries, started, problem }) {
  const refused = entries.filter(({ stage }) => stage === 'refused').length;
  if (problem) return problem;
  return refused && !started ? t('newcase.refused', { count: refused }) : '';
}

/** The note about files that wait for the reader's decision. @param {Intake} state @returns {import('../core/dom.js').Note} */
export function heldNote({ entries }) {
  const names = heldBack(entries).map(({ file }) => file.name);
  return { words: names.length ? t('newcase.held', { count: names.length, names: list(names) }) : '', symbol: 'alert' };
}

/** @param {HTMLFormElement} form @param {Intake} state */
export function showIntake(form, state) {
  const { taking, started, caseId } = state;
  const count = ready(state).length;
  role(form, 'entries').hidden = role(form, 'entries').childElementCount === 0;
  role(form, 'guessed').hidden = started || count === 0;
  const submit = role(form, 'submit', HTMLButtonElement);
  submit.disabled = started || taking > 0 || count === 0;
  write(role(form, 'submit-words'), count ? t('newcase.submit', { count }) : t('newcase.submit.none'));
  showNote(role(form, 'form-problem'), { words: problemWords(state) });
  showNote(role(form, 'hanging'), viewsNote(state));
  showNote(role(form, 'held'), heldNote(state));
  const underWay = started && caseId !== '';
  for (const part of all(form, '[data-before]')) part.hidden = underWay;
  role(form, 'under-way').hidden = !underWay;
  submit.hidden = underWay;
  const link = role(form, 'open-case', HTMLAnchorElement);
  link.hidden = !underWay;
  link.href = `/cases/${caseId}`;
  if (started) write(role(form, 'summary'), summaryWords(state));
}

/** @param {HTMLFormElement} form @param {Intake} state */
export function announce(form, { announced }) {
  write(role(form, 'announcer'), announced);
}

