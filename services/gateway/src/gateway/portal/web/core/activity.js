// Tells the server that the person is at work where the page sends nothing else, so that the session does not end as idle.

const EVERY_MS = 60_000;
const INPUT = ['pointerdown', 'keydown', 'wheel'];

/**
 * Call `tell` after input of the person, at once and then at most once a minute. What scripts dispatch does not count.
 * @param {EventTarget} page
 * @param {() => Promise<unknown>} tell
 * @param {{now: () => number}} [clock]
 */
export function tellActivity(page, tell, clock = Date) {
  let next = 0;
  /** @param {Event} event */
  const heard = ({ isTrusted }) => {
    if (!isTrusted || clock.now() < next) return;
    next = clock.now() + EVERY_MS;
    tell().catch(() => {}); // the next input tells again; whoever is logged out hears it at the next request
  };
  for (const kind of INPUT) page.addEventListener(kind, heard, { capture: true, passive: true });
}
