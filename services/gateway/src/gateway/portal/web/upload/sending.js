// Uploads one file until it is accepted. The server keeps no partial uploads, so an interrupted one starts again.

import { Problem, asProblem } from '../core/api.js';
import { upload } from '../core/upload.js';
import { t } from '../core/words.js';
import { headOf } from './checks.js';

/** @typedef {import('../core/types.d.ts').Accepted} Accepted */
/** @typedef {{job: string, twins: Accepted['also_in'], conflicts: Accepted['image']['conflicts']}} Sent */

const MOST_PATIENT_S = 30;
const TRIES_WHERE_THE_SERVER_FAILS = 6;

/**
 * @param {string} target
 * @param {() => FormData} makeForm
 * @param {{onProgress: (fraction: number, secondsLeft: number) => void,
 *     onWaiting: (problem: Problem, seconds: number) => void}} handlers
 * @returns {{done: Promise<Sent>, cancel: () => void}} `done` gives the job's id, where else the same image is, and where
 *     it was said otherwise than by the file; or rejects with a `Problem`.
 */
export function send(target, makeForm, { onProgress, onWaiting }) {
  /** @type {{abort: () => void} | null} */
  let current = null;
  let cancelled = false;
  let endWait = () => {};

  /** @returns {Promise<Sent>} */
  async function attempt() {
    const started = performance.now();
    const { done, abort } = upload(target, makeForm(), (sent, whole) => {
      const elapsed = (performance.now() - started) / 1000;
      onProgress(sent / whole, (elapsed * (whole - sent)) / Math.max(1, sent));
    });
    current = { abort };
    const { job, image, also_in: twins } = /** @type {Accepted} */ (await done);
    return { job: job.id, twins, conflicts: image.conflicts };
  }

  async function insist() {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        let problem = asProblem(error);
        // To the browser, a file that it cannot read any more is an error of the network.
        if (problem.code === 'offline' && !(await headOf(/** @type {File} */ (makeForm().get('file'))))) problem = unreadable();
        // The response to an earlier try was lost, but the image was stored.
        if (tries > 1 && problem.code === 'duplicate_image') return { job: problem.document.existing_job_id, twins: [], conflicts: [] };
        if (cancelled || !worthAnother(problem, tries)) throw problem;
        const seconds = Math.min(MOST_PATIENT_S, 2 ** (tries - 1));
        onWaiting(problem, seconds);
        await wait(seconds * 1000);
        if (cancelled) throw new Problem(0, { code: 'upload_cancelled' });
      }
    }
  }

  /** A while, or until the network is back, or until it is cancelled. @param {number} milliseconds */
  function wait(milliseconds) {
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        const timer = setTimeout(end, milliseconds);
        function end() {
          clearTimeout(timer);
          removeEventListener('online', end);
          resolve();
        }
        addEventListener('online', end);
        endWait = end;
      })
    );
  }

  function cancel() {
    cancelled = true;
    current?.abort();
    endWait();
  }

  return { done: insist(), cancel };
}

const unreadable = () => new Problem(0, { code: 'file_unreadable', detail: t('checks.unreadable') });

/** Whether to try again: always without a network, a few times after errors of the server. */
export function worthAnother(/** @type {Problem} */ { code, status }, /** @type {number} */ tries) {
  if (code === 'offline') return true;
  const failing = status >= 500 && code !== 'storage_full'; // room is not made in half a minute
  return (status === 429 || failing) && tries < TRIES_WHERE_THE_SERVER_FAILS;
}
