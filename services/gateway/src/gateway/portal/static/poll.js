// Asking again and again: at the pace the server asks for, never two requests at once, slowly while nobody looks.

import { call } from './api.js';

const HIDDEN_MS = 15000;
const MOST_PATIENT_S = 30;

/**
 * Poll a URL until its answer says `poll_after_ms: null`, or an error that will not pass.
 * @param {string} target
 * @param {{onAnswer: (body: any) => void, onTrouble: (problem: Error, seconds: number | null) => void}} handlers
 *     `seconds` until the next try, null where there will be none.
 * @returns {{stop: () => void}}
 */
export function poll(target, { onAnswer, onTrouble }) {
  let timer = null;
  let asking = false;
  let stopped = false;
  let etag = null;
  let pace = 1000;
  let failures = 0;

  async function ask() {
    timer = null;
    if (asking || stopped) return;
    asking = true;
    try {
      const answer = await call(target, { etag });
      if (stopped) return;
      failures = 0;
      if (answer.body) {
        etag = answer.headers.get('ETag');
        pace = answer.body.poll_after_ms;
        onAnswer(answer.body);
      }
      if (pace === null) stop();
      else again(document.hidden ? Math.max(pace, HIDDEN_MS) : pace);
    } catch (problem) {
      if (!('status' in problem)) throw problem;
      if (!stopped) trouble(problem);
    } finally {
      asking = false;
    }
  }

  function trouble(problem) {
    const passing = problem.status === 0 || problem.status === 429 || problem.status >= 500;
    if (!passing) {
      stop();
      onTrouble(problem, null);
      return;
    }
    failures += 1;
    etag = null; // the next answer is shown even where nothing has changed: it clears the message
    const seconds = Math.min(MOST_PATIENT_S, 2 ** (failures - 1));
    onTrouble(problem, seconds);
    again(seconds * 1000);
  }

  function again(milliseconds) {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(ask, milliseconds);
  }

  function wake() {
    if (!document.hidden && !asking) again(0);
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
    removeEventListener('online', wake);
  }

  document.addEventListener('visibilitychange', wake);
  addEventListener('online', wake);
  ask();
  return { stop };
}
