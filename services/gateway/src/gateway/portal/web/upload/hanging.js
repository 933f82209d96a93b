// Shows the four views of a case as they will hang, and fills them as files are chosen.

import { all, role, write } from '../core/dom.js';
import { modality } from '../core/modalities.js';
import { t } from '../core/words.js';
import { fileDoubts } from './doubts.js';
import { heldBack } from './patients.js';

/** @typedef {import('./state.js').Entry} Entry */

/** Whether a chosen file is a film that hangs. @param {Entry} entry */
export const isFilm = ({ stage, options }) => stage !== 'refused' && Boolean(modality(options.modality)?.views?.screening.length);

/**
 * The films of the current examination that can be sent: of the newest date, or of none, as the server takes them.
 * @param {Entry[]} entries
 */
export function currentFilms(entries) {
  const held = heldBack(entries);
  const films = entries.filter((entry) => isFilm(entry) && !held.includes(entry));
  const newest = films.map(({ options }) => options.study_date).sort().at(-1) ?? '';
  return films.filter(({ options: { study_date: day } }) => !day || day === newest);
}

/**
 * Show the films of the current choice in their places; nothing where there is none.
 * @param {HTMLElement} grid
 * @param {import('./state.js').Intake} state
 */
export function showHanging(grid, { entries }) {
  const films = currentFilms(entries);
  grid.hidden = films.length === 0;
  for (const place of all(grid, '[data-view]')) {
    const film = films.find(({ options }) => options.laterality + options.view === place.dataset.view);
    fill(place, film);
  }
}

/** @param {HTMLElement} place @param {Entry | undefined} film */
function fill(place, film) {
  const picture = film && 'picture' in film.thumb ? film.thumb.picture : null;
  place.dataset.state = film ? film.stage : 'missing';
  const doubts = film ? fileDoubts(film).labels : [];
  place.toggleAttribute('data-doubted', doubts.length > 0);
  write(role(place, 'said'), doubts.join(' · ') || wordsOf(film));
  const canvas = role(place, 'film', HTMLCanvasElement);
  canvas.hidden = picture === null;
  if (!picture || drawn.get(canvas) === picture) return;
  drawn.set(canvas, picture);
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext('2d')?.drawImage(picture, 0, 0);
}

/** @type {WeakMap<HTMLCanvasElement, HTMLCanvasElement>} What each place shows. */
const drawn = new WeakMap();

/** @param {Entry | undefined} film */
function wordsOf(film) {
  if (!film) return t('newcase.hang.missing');
  if (film.stage === 'examining' || !('picture' in film.thumb)) return 'words' in film.thumb && film.thumb.words ? film.thumb.words : t('newcase.hang.reading');
  if (film.stage === 'chosen') return t(film.corrected ? 'newcase.hang.said' : 'newcase.hang.guessed');
  return '';
}
