// Preferences in the local storage. A browser without it starts with the defaults each time.

/**
 * @template T
 * @param {string} key
 * @param {T} usual
 * @returns {T}
 */
export function recall(key, usual) {
  try {
    const text = localStorage.getItem(key);
    return text === null ? usual : JSON.parse(text);
  } catch {
    return usual;
  }
}

/** @param {string} key @param {unknown} value */
export function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // it holds until the page is left
  }
}
