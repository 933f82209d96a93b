// Opens the case when every uploaded file is analysed, unless a message on this page needs attention.

/** @typedef {import('./state.js').Intake} Intake */

/**
 * Whether all files are done, and none failed, was refused by the server, or has a message.
 * @param {Intake} state
 */
export function allIsWell({ entries, started, caseId }) {
  const sent = entries.filter(({ stage }) => stage !== 'refused');
  const silent = (/** @type {import('./state.js').Entry} */ { stage, conflicts, alsoIn }) => stage === 'done' && !conflicts.words && !alsoIn.words;
  return started && caseId !== '' && sent.length > 0 && sent.every(silent);
}

/**
 * @param {import('./state.js').IntakeStore} store
 * @param {HTMLInputElement} wanted Whether the reader wants that.
 */
export function openWhenReady(store, wanted) {
  let opened = false;
  store.subscribe(['entries', 'started', 'caseId'], (state) => {
    if (opened || !wanted.checked || !allIsWell(state)) return;
    opened = true;
    location.assign(`/cases/${state.caseId}`);
  });
}
