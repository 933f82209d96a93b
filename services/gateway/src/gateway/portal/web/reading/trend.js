// Shows the trend of a lesion in its row: a small curve of its sizes, the sizes, and the growth since the last examination.

import { role, write } from '../core/dom.js';
import { dayWords } from '../core/times.js';
import { list, t } from '../core/words.js';
import { filmOf, trendOfMarks } from './changes.js';
import { imageOf } from './targets.js';
import { isWorse, lesionOf, otherMarks } from './together.js';

/** @typedef {import('./changes.js').Trend} Trend */
/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {import('../viewer/image.js').ViewedImage} ViewedImage */

const LEAST_MM = 2;
const [WIDTH, HEIGHT, EDGE] = [64, 18, 3]; // of the curve, as its viewBox says

/**
 * The trend of a finding's lesion, and since when it is said; null where nothing can be compared. It is `apart` where it is by place
 * alone: before the films were read together, and of films in other cases, which the joint reading does not see.
 * @param {Reading} state
 * @param {Target} target
 * @returns {{trend: Trend, since: string, apart: boolean, worse: boolean, image: ViewedImage | null} | null}
 */
export function trendOfLesion(state, target) {
  const change = lesionOf(state, target)?.change ?? null;
  const marks = [target, ...otherMarks(state, target)].flatMap((mark) => {
    const image = imageOf(state.images, mark);
    return image && mark.index !== null ? [{ image, index: mark.index }] : [];
  });
  const film = filmOf(state.images, change);
  const elsewhere = new Set(state.earlier.map(({ id }) => id));
  const seen = film || !state.together ? state.images : state.images.filter(({ prior, id }) => !prior || elsewhere.has(id));
  const trend = trendOfMarks(seen, marks, change);
  const image = marks.find((mark) => mark.image.entry.view === film?.entry.view)?.image ?? marks[0]?.image ?? null;
  if (!trend) return null;
  const since = film?.entry.examination ?? trend.at(-2)?.day ?? '';
  return { trend, since, apart: !film, worse: film ? isWorse({ change }) : hasGrown(trend, since), image };
}

/** Sizes as they are written, in whole mm; a dash for a day without a mark there. @param {Trend} trend */
const sizes = (trend) => trend.map(({ mm }) => (mm === null ? '–' : Math.round(mm))).join(' → ');

/** The size on a day, by default that of the last examination. @param {Trend} trend @param {string} [since] */
const earlierOf = (trend, since) => trend.slice(0, -1).find(({ day }) => day === since) ?? trend.slice(-2)[0];

/** Whole mm that a lesion has grown since an examination; 0 where that cannot be told. @param {Trend} trend @param {string} [since] */
export function grownBy(trend, since) {
  const [before, now] = [earlierOf(trend, since), trend.slice(-1)[0]];
  return before.mm === null || now.mm === null ? 0 : Math.round(now.mm) - Math.round(before.mm);
}

/** Whether sizes differ by so much that growth counts, as in the joint reading: a fifth, and 2 mm. @param {Trend} trend @param {string} since */
export function hasGrown(trend, since) {
  const [before, now] = [earlierOf(trend, since), trend.slice(-1)[0]];
  return before.mm !== null && now.mm !== null && now.mm - before.mm >= Math.max(LEAST_MM, before.mm / 5);
}

/** The change of a lesion since an earlier examination, in words. @param {Trend} trend @param {boolean} [onDetector] Whether the sizes are those on the detector. @param {string} [since] By default since the last one. */
export function trendWords(trend, onDetector = false, since = undefined) {
  const before = earlierOf(trend, since);
  const said = t(onDetector ? 'reading.trend.size.detector' : 'reading.trend.size', { mm: sizes(trend) });
  if (before.mm === null) return [said, t('reading.trend.unmarked', { day: dayWords(before.day) })];
  const grown = grownBy(trend, since);
  const change = `${grown > 0 ? '+' : grown < 0 ? '−' : '±'}${Math.abs(grown)}`;
  return [said, t('reading.trend.since', { change, day: dayWords(before.day) })];
}

/** The points of the curve: days across, millimetres up from 0. @param {Trend} trend @returns {[number, number][]} */
export function curveOf(trend) {
  const known = trend.flatMap(({ day, mm }) => (mm === null ? [] : [{ at: Date.parse(day), mm }]));
  const [first, last] = [known[0]?.at ?? 0, known.at(-1)?.at ?? 0];
  const most = Math.max(...known.map(({ mm }) => mm), 1);
  return known.map(({ at, mm }) => [
    EDGE + ((WIDTH - 2 * EDGE) * (at - first)) / Math.max(last - first, 1),
    HEIGHT - EDGE - ((HEIGHT - 2 * EDGE) * mm) / most,
  ]);
}

/** @param {HTMLElement} row @param {ReturnType<typeof trendOfLesion>} told @param {boolean} onDetector See `trendWords`. */
export function showTrend(row, told, onDetector) {
  const place = role(row, 'trend');
  place.hidden = told === null;
  if (!told) return;
  const { trend, since, apart, worse } = told;
  const [said, grown] = trendWords(trend, onDetector, since);
  write(role(place, 'sizes'), said);
  write(role(place, 'grown'), apart ? `${grown} ${t('reading.trend.apart')}` : grown);
  place.toggleAttribute('data-grown', worse);
  place.title = list(trend.map(({ day, mm }) => t('reading.trend.day', { size: mm === null ? '–' : `${Math.round(mm)} mm`, day: dayWords(day) })));
  const curve = /** @type {SVGElement} */ (place.querySelector('svg'));
  const points = curveOf(trend);
  curve.toggleAttribute('hidden', points.length < 2);
  const drawn = points.map((point) => point.map((value) => value.toFixed(1)).join(','));
  curve.querySelector('polyline')?.setAttribute('points', drawn.join(' '));
  const [x, y] = (drawn.at(-1) ?? '0,0').split(',');
  const dot = curve.querySelector('circle');
  dot?.setAttribute('cx', x);
  dot?.setAttribute('cy', y);
}
