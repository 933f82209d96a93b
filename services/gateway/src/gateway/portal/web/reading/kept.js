// Keeps the reader's unsaved entries while they log in again.

const PREFIX = 'typed:'; // before the case
const LEAVES_WITHIN = 1000; // ms: a link that is opened in another tab leaves the page where it is

/**
 * Store the entries in this tab when the link to the login is followed, and restore them for the same reader. Entries of another reader are removed.
 * @param {import('./state.js').ReadingStore} store
 * @param {HTMLTextAreaElement} comment In the report.
 * @param {{caseId: string, user: string, onBack: () => void}} page
 * @returns {() => boolean} Whether the page is being left for the login.
 */
export function keepOverLogin(store, comment, { caseId, user, onBack }) {
  const key = PREFIX + caseId;
  let leaving = false;
  addEventListener('click', ({ target }) => {
    if (!(target instanceof Element && target.closest('a[href^="/login?"]'))) return;
    const { breasts, drafts } = store.state;
    sessionStorage.setItem(key, JSON.stringify({ user, breasts, drafts, comment: comment.value }));
    leaving = true;
    setTimeout(() => (leaving = false), LEAVES_WITHIN);
  });
  const kept = JSON.parse(sessionStorage.getItem(key) ?? '{}');
  for (const name of Object.keys(sessionStorage)) {
    if (name === key || (name.startsWith(PREFIX) && JSON.parse(sessionStorage[name]).user !== user)) sessionStorage.removeItem(name);
  }
  if (kept.user === user) {
    store.update({ breasts: kept.breasts, drafts: kept.drafts });
    comment.value = kept.comment;
    onBack();
  }
  return () => leaving;
}
