// The four bars of one image: upload, queue, analysis, report.

import { icon, role, write } from '../core/dom.js';
import { activityWords } from '../core/codes.js';
import { share, timeLeft } from '../core/numbers.js';
import { t } from '../core/words.js';

export const STEPS = ['upload', 'queue', 'inference', 'report'];
export const FINAL = ['done', 'failed', 'dead', 'cancelled'];
const ICONS = { done: 'check', failed: 'cross', cancelled: 'stop' };

/** The bars below `root`, where the template `bars` was written. */
export class Bars {
  constructor(root) {
    this.root = root;
  }

  /** The line of a step. */
  line(name) {
    return this.root.querySelector(`[data-step="${name}"]`);
  }

  /** Show a step as the API describes it. */
  step({ name, state, fraction, activity = null, seconds_left: left = null }) {
    const line = this.line(name);
    if (line.dataset.state !== state) {
      line.dataset.state = state;
      line.querySelector('.mark').replaceChildren(icon(ICONS[state] || name));
    }
    line.querySelector('progress').value = state === 'done' ? 1 : fraction;
    const running = state === 'running';
    write(role(line, 'state'), running ? share(fraction) : t(`steps.${state}`));
    const parts = running ? [activityWords(activity), left === null ? '' : timeLeft(left)] : [];
    write(role(line, 'detail'), parts.filter(Boolean).join(' · '));
  }

  /** Before there is a job: the upload begins. */
  begin() {
    for (const name of STEPS) this.step({ name, state: name === 'upload' ? 'running' : 'waiting', fraction: 0 });
  }

  /** How far the upload is; the last bytes sent are not yet the file stored. */
  uploading(fraction, secondsLeft) {
    const whole = fraction >= 1;
    const activity = t(whole ? 'steps.storing' : 'steps.sending');
    this.step({ name: 'upload', state: 'running', fraction, activity, seconds_left: whole ? null : secondsLeft });
  }
}
