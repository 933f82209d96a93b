// Shows the four steps of a job as progress bars: upload, queue, analysis, report.

import { activityWords } from '../core/codes.js';
import { find, icon, role, write } from '../core/dom.js';
import { share, timeLeft } from '../core/numbers.js';
import { t } from '../core/words.js';

/** @typedef {import('../core/types.d.ts').ShownStep} Step */

/** @type {Step['name'][]} */
const STEPS = ['upload', 'queue', 'inference', 'report'];
/** @type {Record<string, string>} */
const ICONS = { done: 'check', failed: 'cross', cancelled: 'stop' };

/**
 * The steps while a file is on its way: there is no job yet.
 * @param {number} fraction Of the bytes. All of them sent are not yet the file stored.
 * @param {number | null} secondsLeft
 * @returns {Step[]}
 */
export function uploadSteps(fraction, secondsLeft = null) {
  const whole = fraction >= 1;
  const activity = fraction ? t(whole ? 'steps.storing' : 'steps.sending') : null;
  const upload = { state: /** @type {const} */ ('running'), fraction, activity, seconds_left: whole ? null : secondsLeft };
  return STEPS.map((name) => ({ name, state: 'waiting', fraction: 0, ...(name === 'upload' ? upload : {}) }));
}

/** The steps of a file that did not arrive. @param {'failed' | 'cancelled'} state @returns {Step[]} */
export const brokenUpload = (state) => STEPS.map((name) => ({ name, state: name === 'upload' ? state : 'waiting', fraction: 0 }));

/** Show steps in the bars below `root`, as macros.html draws them. @param {ParentNode} root @param {Step[]} steps */
export function showSteps(root, steps) {
  for (const step of steps) showStep(find(root, `[data-step="${step.name}"]`), step);
}

/** @param {HTMLElement} line @param {Step} step */
function showStep(line, { name, state, fraction, seconds_left: left, ...doing }) {
  if (line.dataset.state !== state) {
    line.dataset.state = state;
    find(line, '.mark').replaceChildren(icon(ICONS[state] || name));
  }
  find(line, 'progress', HTMLProgressElement).value = state === 'done' ? 1 : fraction;
  const running = state === 'running';
  write(role(line, 'state'), running ? share(fraction) : t(`steps.${state}`));
  const parts = running ? [activityWords(doing), left == null ? '' : timeLeft(left)] : [];
  write(role(line, 'detail'), parts.filter(Boolean).join(' · '));
}
