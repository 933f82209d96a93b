// Formats times for the pages: in the reader's time zone, or as an age.

import { locale, t } from './words.js';

const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const days = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });

/** A moment in the reader's zone. @param {string | Date} at */
export const moment = (at) => format.format(new Date(at));

const hours = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });

/** The time of a moment of today, else all of it. @param {string} at */
export const clock = (at) => (new Date(at).toDateString() === new Date().toDateString() ? hours.format(new Date(at)) : moment(at));

/** A day: 26 Nov 2026. @param {string} day As `YYYY-MM-DD`. */
export const dayWords = (day) => days.format(new Date(day));

const months = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', timeZone: 'UTC' });

/** The month of a day: Nov 2026. @param {string} day As `YYYY-MM-DD`. */
export const monthWords = (day) => months.format(new Date(day));

/** An age in words, in its largest unit. @param {number} seconds */
export function age(seconds) {
  if (seconds < 60) return t('age.now');
  if (seconds < 3600) return t('age.minutes', { count: Math.floor(seconds / 60) });
  if (seconds < 48 * 3600) return t('age.hours', { count: Math.floor(seconds / 3600) });
  return t('age.days', { count: Math.floor(seconds / 86400) });
}

/** Show the times of a part of the page in the reader's zone, or as an age where `data-age` asks for it. */
export function localTimes(/** @type {ParentNode} */ root) {
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    time.title = moment(at);
    time.textContent = 'age' in time.dataset ? age((Date.now() - at.getTime()) / 1000) : time.title;
  }
}
