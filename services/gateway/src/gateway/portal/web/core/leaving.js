// Warns before a page with unsaved changes is left.

/**
 * Follow a link only when all is saved, and have the browser ask before the page is left with something unsaved.
 * @param {{unsaved: () => boolean, pending: () => boolean, settled: () => Promise<unknown>}} work
 */
export function guardLeaving({ unsaved, pending, settled }) {
  addEventListener('beforeunload', (event) => {
    if (unsaved()) event.preventDefault();
  });
  document.addEventListener('click', async (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || elsewhere(event) || event.defaultPrevented || !pending()) return;
    event.preventDefault();
    await settled();
    location.assign(link.href);
  });
}

/** Whether a click opens a link in another place. @param {MouseEvent} event */
const elsewhere = ({ ctrlKey, metaKey, shiftKey, altKey }) => ctrlKey || metaKey || shiftKey || altKey;
