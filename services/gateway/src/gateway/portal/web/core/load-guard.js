// Loads the page once more where a script did not arrive, and says so where that does not help. A classic script: it
// stands before the modules and does not depend on them.

'use strict';

(() => {
  const KEY = 'lobule-loaded-again';

  addEventListener('error', ({ target }) => {
    if (!(target instanceof HTMLScriptElement)) return;
    if (sessionStorage.getItem(KEY) === location.href) {
      const note = document.getElementById('unloaded');
      if (note) note.hidden = false;
      return;
    }
    sessionStorage.setItem(KEY, location.href);
    location.reload();
  }, true);
  addEventListener('load', () => {
    if (document.getElementById('unloaded')?.hidden) sessionStorage.removeItem(KEY);
  });
})();
