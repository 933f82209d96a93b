// Asks for the kind of a drawn finding with a menu at the pointer, and for a note. Escape discards the drawing.

import { all, find, role, write } from '../core/dom.js';
import { t } from '../core/words.js';

/** @typedef {import('./own.js').Named} Named */

const OF_FILMS = ['mass', 'asymmetry', 'distortion']; // terms of mammograms, which no field shows
const EDGE = 8; // CSS pixels that stay between the menu and the window's edge

/**
 * @param {HTMLDialogElement} dialog
 * @returns {(what: string, at: {x: number, y: number}, film: boolean, before?: Named | null) => Promise<Named | null>} Null where it was dropped.
 */
export function createNaming(dialog) {
  const note = find(dialog, '[name="note"]', HTMLTextAreaElement);
  /** @type {(named: Named | null) => void} */
  let done = () => {};

  /** @param {string | undefined} kind */
  function choose(kind) {
    done(kind ? { kind: /** @type {Named['kind']} */ (kind), comment: note.value.trim() } : null);
    dialog.close();
  }

  const kinds = all(dialog, 'button[data-kind]');
  for (const button of kinds) button.addEventListener('click', () => choose(button.dataset.kind));
  role(dialog, 'drop').addEventListener('click', () => choose(undefined));
  dialog.addEventListener('close', () => done(null)); // of no effect where a kind was chosen
  dialog.addEventListener('keydown', (event) => {
    if (event.target === note || event.ctrlKey || event.metaKey || event.altKey) return;
    const kind = kinds[Number(event.key) - 1];
    if (!kind || kind.hidden) return;
    event.stopPropagation(); // the menu is gone then, and the page would take the key as its own
    kind.click();
  });

  return (what, { x, y }, film, before = null) => {
    write(role(dialog, 'what'), what);
    write(role(dialog, 'drop'), t(before ? 'reading.own.keep' : 'reading.own.drop'));
    note.value = before?.comment ?? '';
    for (const button of kinds) {
      button.setAttribute('aria-pressed', String(button.dataset.kind === before?.kind));
      button.hidden = !film && OF_FILMS.includes(button.dataset.kind ?? '');
    }
    dialog.showModal();
    const { width, height } = dialog.getBoundingClientRect();
    dialog.style.left = `${Math.max(EDGE, Math.min(x + EDGE, innerWidth - width - EDGE))}px`;
    dialog.style.top = `${Math.max(EDGE, Math.min(y + EDGE, innerHeight - height - EDGE))}px`;
    (kinds.find((button) => button.getAttribute('aria-pressed') === 'true') ?? kinds.find(({ hidden }) => !hidden))?.focus();
    return new Promise((resolve) => {
      done = resolve;
    });
  };
}
