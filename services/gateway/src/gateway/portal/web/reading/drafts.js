// Comments that were typed and are not saved yet, and what keeps the reader from leaving them behind.

/** The unsaved comments of the page, by row. A row that is hidden and shown again gets its text back. */
export class Drafts {
  /** @type {Map<string, string>} */
  #texts = new Map();

  /** Keep what is typed; nothing where it is what is saved already. */
  keep(key, text, saved) {
    if (text === saved) this.#texts.delete(key);
    else this.#texts.set(key, text);
  }

  /** Give the text of a row that is gone to another one. */
  move(from, to) {
    const texts = [this.#texts.get(to), this.#texts.get(from)].filter(Boolean);
    this.#texts.delete(from);
    this.#texts.set(to, texts.join('\n'));
  }

  /** The unsaved text of a row, undefined where there is none. */
  of(key) {
    return this.#texts.get(key);
  }

  get keys() {
    return [...this.#texts.keys()];
  }
}

/**
 * Follow a link only when all is saved, and have the browser ask before the page is left with something unsaved.
 * @param {{unsaved: () => boolean, pending: () => boolean, settled: () => Promise<void>}} work
 */
export function guard({ unsaved, pending, settled }) {
  addEventListener('beforeunload', (event) => {
    if (unsaved()) event.preventDefault();
  });
  document.addEventListener('click', async (event) => {
    const link = event.target.closest('a[href]');
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || link.target || elsewhere || event.defaultPrevented || !pending()) return;
    event.preventDefault();
    await settled();
    location.assign(link.href);
  });
}
