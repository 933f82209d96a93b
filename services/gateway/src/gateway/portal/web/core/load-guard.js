// Reloads the page once if a script could not be loaded, and shows a message if that does not help. This is a classic
// script: it runs before the modules and does not depend on them.

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
