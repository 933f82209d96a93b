// The worklist's keys: J and K move between cases, Enter opens one like any link, C claims it, / focuses the search.

import { all } from '../core/dom.js';
import { claimFocused } from './claims.js';

/** @type {Record<string, number>} */
const STEPS = { j: 1, k: -1 };

/**
 * Listen for the keys; not while something is typed.
 * @param {HTMLElement} list
 * @param {HTMLElement} search
 */
export function listenForKeys(list, search) {
  addEventListener('keydown', (event) => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || (target instanceof Element && target.closest('input, select, textarea'))) return;
    if (key === '/') {
      event.preventDefault();
      search.focus();
    } else if (key === 'c') {
      claimFocused(list);
    } else if (key in STEPS) {
      step(list, STEPS[key]);
    }
  });
}

/** @param {HTMLElement} list @param {number} by */
function step(list, by) {
  const links = all(list, 'tbody .case > a');
  const at = links.findIndex((link) => link === document.activeElement);
  const next = at < 0 ? links[by > 0 ? 0 : links.length - 1] : links[at + by];
  next?.focus();
}
