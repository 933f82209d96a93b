// The list of findings with verdicts and comments, and the number of findings below the threshold.

import { copy, find, onClick, onRow, role, write } from '../core/dom.js';
import { t } from '../core/words.js';
import { withDraft } from './drafts.js';
import { fillRow } from './finding-row.js';
import { hiding, shownTargets, verdictOf } from './findings.js';
import { otherMarks } from './together.js';
import { findingOf, imageOf, keyOf, reviewOf, sameTarget } from './targets.js';

/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('./state.js').Reading} Reading */

/**
 * @param {HTMLElement} root
 * @param {import('./state.js').ReadingStore} store
 * @param {{
 *   pick: (target: Target) => void,
 *   reveal: (target: Target) => void,
 *   correct: (target: Target) => void,
 *   pair: (target: Target) => void,
 *   part: (markId: string) => void,
 *   say: (target: Target, change: Partial<import('./state.js').Said>) => Promise<boolean>,
 * }} actions
 */
export function createFindingsList(root, store, { pick, reveal, say, correct, pair, part }) {
  const list = role(root, 'list');
  const films = role(root, 'films', HTMLDetailsElement);
  const slider = role(root, 'threshold', HTMLInputElement);
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();

  const savedComment = (/** @type {Target} */ target) => reviewOf(store.state.case?.reviews ?? [], target)?.comment ?? '';

  /** Show findings from a probability on. A hidden finding is no longer chosen, so that no key applies to it. @param {number} threshold */
  function showFrom(threshold) {
    const limit = Math.floor(threshold * 100) / 100;
    const { chosen, images } = store.state;
    const hidden = chosen && (findingOf(images, chosen)?.probability ?? 1) < limit;
    store.update({ threshold: limit, chosen: hidden ? null : chosen });
  }

  /** @param {Target} target */
  function createRow(target) {
    const row = copy(target.index === null ? 'image-row' : 'finding-row');
    const text = role(row, 'text', HTMLTextAreaElement);
    const key = keyOf(target);
    const typed = () => text.value.trim();
    const keep = () => store.update(({ drafts }) => ({ drafts: withDraft(drafts, key, typed(), savedComment(target)) }));
    const comment = async () => {
      if (typed() === savedComment(target)) return;
      if (await say(target, { comment: typed() })) keep();
    };
    find(row, 'details', HTMLDetailsElement).open = key in store.state.drafts;
    text.addEventListener('input', keep);
    text.addEventListener('change', comment);
    role(row, 'save').addEventListener('click', comment);
    onRow(row, () => pick(target));
    if (target.index !== null) {
      role(row, 'correct').addEventListener('click', () => correct(target));
      role(row, 'pair').addEventListener('click', () => pair(target));
      role(row, 'part').addEventListener('click', ({ currentTarget }) => part(/** @type {HTMLElement} */ (currentTarget).dataset.mark ?? ''));
    }
    for (const verdict of /** @type {const} */ (['confirmed', 'dismissed']))
      role(row, verdict).addEventListener('click', () => {
        say(target, { verdict: verdictOf(store.state, target) === verdict ? null : verdict }); // once more takes it back; holds for what was in sight
        reveal(target);
      });
    return row;
  }

  /** @param {Target} target */
  function rowFor(target) {
    const row = rows.get(keyOf(target)) ?? createRow(target);
    rows.set(keyOf(target), row);
    return row;
  }

  /** Rows are moved only if their order changed, so that focus and typed text are kept. @param {Reading} state */
  function show(state) {
    const targets = shownTargets(state);
    const shown = new Set(targets.map(keyOf));
    for (const [key, row] of rows)
      if (!shown.has(key)) {
        row.remove();
        rows.delete(key);
      }
    const apart = targets.filter((target) => isFilm(state, target) && !(sameTarget(state.chosen, target) && !films.open));
    const among = targets.filter((target) => !apart.includes(target));
    lay(list, among, state);
    lay(role(films, 'film-list'), apart, state);
    films.hidden = apart.length === 0;
    role(root, 'none').hidden = among.length > 0 || apart.length === 0;
    showHiding(state);
  }

  /** @param {HTMLElement} place @param {Target[]} targets @param {Reading} state */
  function lay(place, targets, state) {
    for (const [index, target] of targets.entries()) {
      const row = rowFor(target);
      if (place.children[index] !== row) place.insertBefore(row, place.children[index] ?? null);
      fillRow(row, state, target);
    }
  }

  /** @param {Reading} state */
  function showHiding(state) {
    const { count, limit, films } = hiding(state);
    const percent = `${Math.round(limit * 100)}%`;
    slider.value = String(Math.round(limit * 100));
    write(role(root, 'threshold-value'), percent);
    write(role(root, 'hidden'), count ? t('reading.threshold.hidden', { count, percent }) : t('reading.threshold.all'));
    root.toggleAttribute('data-hides', count > 0);
    role(root, 'threshold-of-marks').hidden = !films;
    role(root, 'show-all').hidden = count === 0;
    const hides = t('reading.threshold.hides', { count });
    write(role(root, 'show-all'), hides);
    role(root, 'show-all').setAttribute('aria-label', `${hides}: ${t('reading.threshold.show')}`);
  }

  films.addEventListener('toggle', () => show(store.state));
  slider.addEventListener('input', () => showFrom(Number(slider.value) / 100));
  onClick(root, '[data-role="show-all"]', () => {
    showFrom(0);
    slider.focus();
  });
  store.subscribe(['case', 'images', 'chosen', 'lit', 'threshold', 'together', 'drafts', 'savings'], show);

  /** @param {Target} target */
  const rowOf = (target) => [target, ...otherMarks(store.state, target)].map((mark) => rows.get(keyOf(mark))).find(Boolean) ?? null;

  return {
    showFrom,
    rowOf,
    /** @param {Target} target */
    focus: (target) => role(rowOf(target) ?? root, 'go').focus({ preventScroll: true }),
  };
}

/** Whether a target is a film as a whole. These are judged less often than findings, and are folded. @param {Reading} state @param {Target} target */
const isFilm = ({ images }, target) => target.index === null && Boolean(imageOf(images, target)?.film);
