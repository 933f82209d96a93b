// Uploading one file until it is accepted. The server keeps no half uploads, so a broken one starts again.

import { Problem, upload } from '../core/api.js';

const MOST_PATIENT_S = 30;
const TRIES_WHERE_THE_SERVER_FAILS = 6;

/**
 * @param {string} target
 * @param {() => FormData} makeForm
 * @param {{onProgress: (fraction: number, secondsLeft: number) => void,
 *     onWaiting: (problem: Error, seconds: number) => void}} handlers
 * @returns {{done: Promise<{job: string, twins: object[], conflicts: object[]}>, cancel: () => void}} `done` gives the job's
 *     id, where else the same image is, and where it was said otherwise than by the file; or rejects with a Problem.
 */
export function send(target, makeForm, { onProgress, onWaiting }) {
  let current = null;
  let cancelled = false;
  let endWait = () => {};

  async function attempt() {
    const started = performance.now();
    current = upload(target, makeForm(), (loaded, total) => {
      const elapsed = (performance.now() - started) / 1000;
      onProgress(loaded / total, (elapsed * (total - loaded)) / Math.max(1, loaded));
    });
    const { job, image, also_in: twins } = await current.done;
    return { job: job.id, twins, conflicts: image.conflicts };
  }

  async function insist() {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        // The answer to an earlier try was lost on its way, the image was not.
        if (tries > 1 && problem.code === 'duplicate_image') return { job: problem.document.existing_job_id, twins: [], conflicts: [] };
        const failing = problem.status >= 500 && problem.code !== 'storage_full'; // room is not made in half a minute
        const passing = problem.code === 'offline' || problem.status === 429 || failing;
        const enough = problem.status !== 0 && tries >= TRIES_WHERE_THE_SERVER_FAILS;
        if (cancelled || !passing || enough) throw problem;
        const seconds = Math.min(MOST_PATIENT_S, 2 ** (tries - 1));
        onWaiting(problem, seconds);
        await wait(seconds * 1000);
        if (cancelled) throw new Problem(0, { code: 'cancelled' });
      }
    }
  }

  /** A while, or until the network is back, or until it is cancelled. */
  function wait(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(end, milliseconds);
      function end() {
        clearTimeout(timer);
        removeEventListener('online', end);
        resolve();
      }
      addEventListener('online', end);
      endWait = end;
    });
  }

  function cancel() {
    cancelled = true;
    current?.abort();
    endWait();
  }

  return { done: insist(), cancel };
}

/**
 * The form that uploads a chosen file into a case.
 * @param {{file: File, options: Record<string, string>, urls: DOMStringMap, acceptsOtherPatient?: boolean}} entry
 * @param {string} caseId
 */
export function uploadForm({ file, options, urls, acceptsOtherPatient }, caseId) {
  const data = new FormData();
  data.append('case_id', caseId);
  if (urls.replaces) data.append('replaces', urls.replaces);
  if (acceptsOtherPatient) data.append('accept_other_patient', 'true');
  for (const [name, value] of Object.entries(options)) data.append(name, value);
  data.append('file', file, file.name); // the last: the server checks the others before it stores a byte
  return data;
}
