// Words and numbers as the pages show them.

export const STEPS = { upload: 'Upload', queue: 'Queue', inference: 'Analysis', report: 'Report' };

/** Bytes in words: 1.4 MB. */
export function bytes(count) {
  if (count < 1024) return `${count} bytes`;
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
  if (seconds < 1.5) return 'about a second left';
  if (seconds < 60) return `about ${Math.round(seconds)} seconds left`;
  const minutes = Math.round(seconds / 60);
  return minutes === 1 ? 'about a minute left' : `about ${minutes} minutes left`;
}

/** A share of the work as a percentage; 100% is only said when it is over. */
export const share = (fraction) => `${Math.min(99, Math.floor(fraction * 100))}%`;

/**
 * A probability as a percentage that assesses like the probability itself: as many decimals as that takes.
 * @param {{low: number, high: number}} thresholds
 */
export function probability(value, thresholds) {
  const zone = (p) => (p >= thresholds.high ? 2 : p < thresholds.low ? 0 : 1);
  for (const decimals of [0, 1, 2]) {
    const shown = Number(value.toFixed(decimals + 2));
    const honest = (shown === 0 || shown === 1) === (value === 0 || value === 1);
    if (zone(shown) === zone(value) && honest) return `${(shown * 100).toFixed(decimals)}%`;
  }
  if (value > 0.9999) return 'over 99.99%';
  return value < 0.0001 ? 'under 0.01%' : `${(value * 100).toFixed(4)}%`;
}

/** Show the times of a part of the page in the reader's own zone. */
export function localTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  for (const time of root.querySelectorAll('time')) {
    time.title = time.textContent;
    time.textContent = format.format(new Date(time.dateTime));
  }
}
