// Follows jobs until they have ended. One loop serves all jobs of a page.

import { asProblem, call } from '../core/api.js';
import { loop } from '../core/poll.js';

/** @typedef {import('../core/types.d.ts').Progress} Progress */
/** @typedef {import('../core/api.js').Problem} Problem */
/** @typedef {{etag: string | null, pace: number | null}} Seen `pace` in milliseconds, null for the end. */

export const FINAL = ['done', 'failed', 'dead', 'cancelled'];
const GONE = [403, 404]; // the job was removed, or is no longer this reader's
const USUAL_MS = 500; // where the server names no pace although the job is not over

/** @param {string} jobId @param {string | null} etag */
async function askApi(jobId, etag) {
  const { body, headers } = await call('get', '/api/v1/jobs/{job_id}/progress', { params: { job_id: jobId }, etag });
  return { progress: /** @type {Progress | null} */ (body), etag: headers.get('ETag') };
}

/**
 * @param {{
 *   onProgress: (jobId: string, progress: Progress) => void,
 *   onTrouble: (problem: Problem | null, seconds: number | null, jobId?: string) => void,
 *   ask?: typeof askApi,
 *   world?: import('../core/poll.js').World,
 * }} options `onTrouble` gets null when the server answers (again), and `seconds` until the next try, null for none;
 *     `jobId` where one job alone is gone, and is followed no more.
 * @returns {{follow: (jobId: string) => void, stop: () => void}} `follow` a job that is followed already, such as one
 *     that was tried again, asks for it anew at once.
 */
export function createFollower({ onProgress, onTrouble, ask = askApi, world }) {
  /** @type {Map<string, Seen>} */
  const jobs = new Map();
  /** @type {import('../core/poll.js').Loop | null} */
  let running = null;

  /** @param {string} jobId @param {Seen} seen @returns {Promise<boolean>} Whether the job is still there. */
  async function lookAt(jobId, seen) {
    try {
      await askFor(jobId, seen);
      return true;
    } catch (error) {
      const problem = asProblem(error);
      if (!GONE.includes(problem.status)) throw problem;
      if (jobs.get(jobId) !== seen) return true;
      jobs.delete(jobId);
      onTrouble(problem, null, jobId);
      return false;
    }
  }

  /** @param {string} jobId @param {Seen} seen */
  async function askFor(jobId, seen) {
    const { progress, etag } = await ask(jobId, seen.etag);
    if (!progress || jobs.get(jobId) !== seen) return; // nothing is new, or it is followed anew since
    seen.etag = etag;
    seen.pace = FINAL.includes(progress.state) ? null : progress.poll_after_ms ?? USUAL_MS;
    if (seen.pace === null) jobs.delete(jobId);
    onProgress(jobId, progress);
  }

  async function turn() {
    let complete = true;
    for (const [jobId, seen] of [...jobs]) complete = (await lookAt(jobId, seen)) && complete;
    if (complete) onTrouble(null, null);
    if (jobs.size) return Math.min(...[...jobs.values()].map(({ pace }) => pace ?? USUAL_MS));
    running = null;
    return null;
  }

  /** @param {Problem} problem @param {number | null} seconds */
  function trouble(problem, seconds) {
    if (seconds === null) running = null;
    onTrouble(problem, seconds);
  }

  return {
    follow(jobId) {
      jobs.set(jobId, { etag: null, pace: 0 });
      if (running) running.wake();
      else running = loop(turn, trouble, world);
    },
    stop() {
      jobs.clear();
      running?.stop();
      running = null;
    },
  };
}
