// Words and numbers as the pages show them. The page hands over the sentences of its own parts, in its language.

const words = JSON.parse(document.body.dataset.words);
export const language = document.documentElement.lang;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (blank, name) => (name in values ? values[name] : blank));

/** The sentence of a key, its blanks filled in. */
export function t(key, values = {}) {
  if (!(key in words)) throw new Error(`catalogue: ${key}`);
  return fill(words[key], values);
}

/** Whether there is a sentence of this key. */
export const has = (key) => key in words;

/** The sentence for a number of things. */
export function counted(key, count, values = {}) {
  const one = count === 1 && language === 'en';
  return t(`${key}.${one ? 'one' : 'other'}`, { count, ...values });
}

/** What went wrong, in the page's language; the API's own words where it has none for the code. */
export const problemWords = ({ code, detail }) => (has(`errors.${code}`) ? t(`errors.${code}`) : detail || t('errors.unknown'));

/** What a pipeline says of an image, in the page's language where it is known. */
const noticeWords = ({ code, detail }) => (has(`notice.${code}`) ? t(`notice.${code}`) : detail);

// Advice of a pipeline on one film: the case and the report give the next steps of their own.
const ADVICE = ['further_imaging_suggested', 'histopathology_suggested'];

/** What a reader should bear in mind of an image, as items of a list. */
export function noticeItems(notices) {
  return notices
    .filter(({ code }) => !ADVICE.includes(code))
    .map((notice) => {
      const item = document.createElement('li');
      item.textContent = noticeWords(notice);
      return item;
    });
}

/** Where an image was said to be something else than its file says; what was said counts. */
export const conflictWords = (conflicts) => conflicts.map(({ of, said, file }) => t(`common.conflict.${of}`, { said, file })).join(' ');

/** What a worker says that it is doing, in the page's language where it is known. */
export function activityWords(text) {
  if (!text) return '';
  const numbers = text.match(/\d+/g) || [];
  const key = text.toLowerCase().replace(/\d+/g, 'n').replace(/[^a-z]+/g, '_').replace(/^_|_$/g, '');
  const [a, b] = numbers;
  return has(`activity.${key}`) ? t(`activity.${key}`, { a, b }) : text;
}

/** Bytes in words: 1.4 MB. */
export function bytes(count) {
  if (count < 1024) return t('steps.bytes', { count });
  const units = ['kB', 'MB', 'GB'];
  let value = count / 1024;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${units[unit]}`;
}

/** Seconds left in words, rounded as coarsely as the estimate is. */
export function timeLeft(seconds) {
  if (seconds < 1.5) return t('steps.left.second');
  if (seconds < 60) return t('steps.left.seconds', { count: Math.round(seconds) });
  const minutes = Math.round(seconds / 60);
  return minutes === 1 ? t('steps.left.minute') : t('steps.left.minutes', { count: minutes });
}

/** A share of the work as a percentage; 100% is only said when it is over. */
export const share = (fraction) => `${Math.min(99, Math.floor(fraction * 100))}%`;

/**
 * The state of a probability between the thresholds of the model that gave it, as `Thresholds.assess` of the API has it.
 * @param {number} value
 * @param {{low: number, high: number}} thresholds
 */
export const stateOf = (value, { low, high }) =>
  value >= high ? 'malignancy_suspected' : value < low ? 'no_sign_of_malignancy' : 'not_sure';

/**
 * A probability as a percentage that assesses like the probability itself: as many decimals as that takes.
 * @param {{low: number, high: number} | null} thresholds
 */
export function probability(value, thresholds = null) {
  const zone = (p) => thresholds && stateOf(p, thresholds);
  for (const decimals of [0, 1, 2]) {
    const shown = Number(value.toFixed(decimals + 2));
    const honest = (shown === 0 || shown === 1) === (value === 0 || value === 1);
    if (zone(shown) === zone(value) && honest) return `${(shown * 100).toFixed(decimals)}%`;
  }
  if (value > 0.9999) return t('steps.over', { percent: '99.99%' });
  return value < 0.0001 ? t('steps.under', { percent: '0.01%' }) : `${(value * 100).toFixed(4)}%`;
}

/** How long ago, in its largest unit. */
function age(seconds) {
  if (seconds < 60) return t('age.now');
  if (seconds < 3600) return t('age.minutes', { count: Math.floor(seconds / 60) });
  if (seconds < 48 * 3600) return t('age.hours', { count: Math.floor(seconds / 3600) });
  return t('age.days', { count: Math.floor(seconds / 86400) });
}

/** Show the times of a part of the page in the reader's own zone, or as an age where `data-age` asks for it. */
export function localTimes(root) {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    const words = format.format(at);
    time.title = words;
    time.textContent = 'age' in time.dataset ? age((Date.now() - at) / 1000) : words;
  }
}
