// What this browser keeps from visit to visit. One that keeps nothing starts with the usual each time.

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
