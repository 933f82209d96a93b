// Following jobs until nothing of them changes any more: the one follower for every page, with one loop for all its jobs.

import { call } from '../core/api.js';
import { loop } from '../core/poll.js';

/** @typedef {import('../core/types.d.ts').Progress} Progress */
/** @typedef {import('../core/api.js').Problem} Problem */
/** @typedef {{etag: string | null, pace: number | null}} Seen `pace` in milliseconds, null for the end. */

export const FINAL = ['done', 'failed', 'dead', 'cancelled'];
const USUAL_MS = 500; // where the server names no pace although the job is not over

/** @param {string} jobId @param {string | null} etag */
async function askApi(jobId, etag) {
  const { body, headers } = await call('get', '/api/v1/jobs/{job_id}/progress', { params: { job_id: jobId }, etag });
  return { progress: /** @type {Progress | null} */ (body), etag: headers.get('ETag') };
}

/**
 * @param {{
 *   onProgress: (jobId: string, progress: Progress) => void,
 *   onTrouble: (problem: Problem | null, seconds: number | null) => void,
 *   ask?: typeof askApi,
 *   world?: import('../core/poll.js').World,
 * }} options `onTrouble` gets null when the server answers (again), and `seconds` until the next try, null for none.
 * @returns {{follow: (jobId: string) => void, stop: () => void}} `follow` a job that is followed already, such as one
 *     that was tried again, asks for it anew at once.
 */
export function createFollower({ onProgress, onTrouble, ask = askApi, world }) {
  /** @type {Map<string, Seen>} */
  const jobs = new Map();
  /** @type {import('../core/poll.js').Loop | null} */
  let running = null;

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
    for (const [jobId, seen] of [...jobs]) await askFor(jobId, seen);
    onTrouble(null, null);
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
