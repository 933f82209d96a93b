// Chooses the case of which a wide screen shows the glance pane: the one with the focus, or on which the pointer rests.

import { all } from '../core/dom.js';
import { addWords } from '../core/words.js';

const WIDE = '(min-width: 2000px)';
const REST_MS = 300;

/**
 * Preview the case that has the pointer or the focus, on screens that have room.
 * @param {HTMLElement} pane
 * @param {HTMLElement} list
 */
export function listenForGlances(pane, list) {
  /** @type {Promise<{show: (caseId: string, name: string) => void}> | null} */
  let glance = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  const wide = matchMedia(WIDE);
  const links = () => /** @type {HTMLAnchorElement[]} */ (all(list, 'tbody .case > a'));

  async function load() {
    const [{ createGlance }] = await Promise.all([import('./glance.js'), addWords('worklist/glance.js')]);
    return createGlance(pane);
  }

  /** @param {HTMLAnchorElement | undefined} link */
  async function choose(link) {
    const caseId = link?.pathname.split('/').at(-1);
    if (!wide.matches || !link || !caseId || pane.dataset.case === caseId) return mark();
    pane.dataset.case = caseId;
    mark();
    glance ??= load();
    (await glance).show(caseId, link.textContent ?? '');
  }

  /** The list is drawn anew now and then. */
  function mark() {
    for (const link of links()) link.closest('tr')?.toggleAttribute('data-glanced', wide.matches && link.pathname.endsWith(`/${pane.dataset.case}`));
  }

  /** @param {EventTarget | null} target */
  const linkAt = (target) => (target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (target.closest('tr')?.querySelector('.case > a')) ?? undefined : undefined);

  list.addEventListener('focusin', ({ target }) => choose(linkAt(target)));
  list.addEventListener('pointerover', ({ target }) => {
    clearTimeout(resting);
    resting = setTimeout(() => choose(linkAt(target)), REST_MS);
  });
  list.addEventListener('pointerleave', () => clearTimeout(resting));
  new MutationObserver(mark).observe(list, { childList: true });
  wide.addEventListener('change', () => choose(links()[0]));
  choose(links()[0]);
}
