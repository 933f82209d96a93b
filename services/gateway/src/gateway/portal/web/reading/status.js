// The status line below the films: the selection, the last action, and undo.

import { role, write } from '../core/dom.js';
import { dayWords } from '../core/times.js';
import { t } from '../core/words.js';
import { activeOf, layoutOf, stepsOf } from '../viewer/hanging.js';
import { scaleOfField, spacingOf } from '../viewer/image.js';
import { windowOf } from '../viewer/window.js';
import { troubleNote } from './case-feed.js';
import { lastChange, nameOfChange } from './reviews.js';
import { keyOf, nameOf } from './targets.js';

/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./targets.js').Target} Target */

const LIT_MS = 2500;

/** Creates the actions that set the status line and highlight a target for a moment. @param {import('./state.js').ReadingStore} store */
export function createStatus(store) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** Show a message that is not about a change. @param {string} words */
  const tell = (words, bad = false) => store.update({ line: { words, bad } });

  /** Show beside a target whether its review is being saved. @param {Target} target @param {string} words */
  const beside = (target, words) => store.update(({ savings }) => ({ savings: { ...savings, [keyOf(target)]: words } }));

  return {
    tell,
    beside,

    /** Highlight a changed target, without moving the reader, who may have moved on. @param {Target} target @param {string} words */
    done(target, words) {
      tell(words);
      beside(target, t('reading.saved'));
      store.update({ lit: target });
      clearTimeout(timer);
      timer = setTimeout(() => store.update({ lit: null }), LIT_MS);
    },

    /** @param {Target | null} target @param {Pick<import('../core/api.js').Problem, 'message' | 'status'>} problem */
    failed(target, problem) {
      const { message: detail, status } = problem;
      if (target) beside(target, t('reading.unsaved'));
      tell(target ? t('reading.not_saved.of', { what: nameOf(store.state, target), detail }) : t('reading.not_saved', { detail }), true);
      if (status === 401) store.update({ trouble: troubleNote(problem) });
    },
  };
}

/** @param {HTMLElement} root @param {Reading} state */
export function showStatus(root, state) {
  const { chosen, images, line } = state;
  root.hidden = images.length === 0;
  root.toggleAttribute('data-bad', line.bad);
  write(role(root, 'target'), chosen ? t('reading.target', { what: nameOf(state, chosen) }) : t('reading.target.none'));
  const last = lastChange(state);
  const undo = role(root, 'undo');
  undo.hidden = !last;
  const what = role(undo, 'undo-what');
  if (last) write(what, t('reading.undo.what', { what: nameOfChange(state, last) }));
  what.classList.toggle('hidden', line.words !== ''); // the message beside the button is of that change
}

/** The date of the examination and how many images it has, for which a narrow bar has no room. @param {HTMLElement} root @param {Reading} state */
export function showFacts(root, { images }) {
  const current = images.filter(({ prior }) => !prior);
  const days = [...new Set(current.flatMap(({ entry }) => entry.study_date ?? []))];
  write(role(root, 'days'), days.slice(0, 2).map(dayWords).join(' · '));
  write(role(root, 'count'), t('reading.facts.images', { count: current.length }));
}

/** The distances between the rows and the columns of a film that hangs, as its file has them. @param {number} spacing @param {import('../core/types.d.ts').Stretch | undefined} stretch */
function ofFile(spacing, { across, down } = { across: 1, down: 1 }) {
  return [...new Set([down, across].map((longer) => (spacing * longer).toFixed(3)))].join(' × ');
}

/** The scale at which a field was read, and its source. @param {import('../core/types.d.ts').Result | null} result */
function scaleWords(result) {
  const scale = scaleOfField(result);
  if (scale) return t(`examined.scale.${scale.source}`, { um: Number(scale.um.toPrecision(3)) });
  return result?.notices.some(({ code }) => code === 'scale_unknown') ? t('reading.facts.no_scale') : '';
}

/** Show how the current film is displayed. @param {HTMLElement} root @param {Reading} state */
export function showFilmFacts(root, state) {
  const image = activeOf(state);
  const window = image && windowOf(state, image);
  const spacing = spacingOf(image);
  const steps = stepsOf(state);
  const step = t('reading.facts.step', { number: steps.indexOf(layoutOf(state)) + 1, count: steps.length });
  const said = window
    ? [
        step,
        t(state.linked ? 'reading.facts.linked' : 'reading.facts.unlinked'),
        t('reading.window.value', { window: window.high - window.low, level: Math.round((window.low + window.high) / 2) }),
        spacing === null ? t('reading.facts.no_spacing') : t('reading.facts.spacing', { spacing: ofFile(spacing, image?.result?.image.stretch) }),
        t(state.cropped ? 'reading.facts.cropped' : 'reading.facts.whole'),
      ]
    : image ? [step, scaleWords(image.result)].filter(Boolean) : [];
  write(root, said.join(' · '));
}

/** Show the message; the same words twice are announced twice. @param {HTMLElement} root @param {Reading} state */
export function showLine(root, { line }) {
  role(root, 'words').textContent = '';
  role(root, 'words').textContent = line.words;
}
