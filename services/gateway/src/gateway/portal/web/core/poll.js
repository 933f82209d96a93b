// Polling: one request at a time, with back-off after errors, paused while the page is hidden.

import { asProblem } from './api.js';

const MOST_PATIENT_S = 30;

/** @typedef {{stop: () => void, wake: () => void}} Loop `wake` asks at once, or when the request under way is through. */
/** @typedef {import('./api.js').Problem} Problem */

/**
 * The clock and the page as a loop uses them, which tests replace.
 * @typedef {{
 *   setTimeout: (act: () => void, milliseconds: number) => unknown,
 *   clearTimeout: (timer: any) => void,
 *   seen: () => boolean,
 *   onReturn: (act: () => void) => () => void,
 * }} World `seen`: whether somebody looks. `onReturn`: tells when somebody looks again, or the network is back.
 */

/** @type {World} */
export const THIS_PAGE = {
  setTimeout: (act, milliseconds) => setTimeout(act, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  seen: () => !document.hidden,
  onReturn(act) {
    document.addEventListener('visibilitychange', act);
    addEventListener('online', act);
    return () => {
      document.removeEventListener('visibilitychange', act);
      removeEventListener('online', act);
    };
  },
};

/**
 * Call `ask` until it says that there is nothing more to ask, or until an error that will not pass.
 * @param {() => Promise<number | null>} ask Asks once; gives the milliseconds until the next time, null for the end.
 * @param {(problem: Problem, seconds: number | null) => void} onTrouble `seconds` until the next try, null for none.
 * @param {World} [world]
 * @param {number} [first] Milliseconds until it asks for the first time.
 * @returns {Loop}
 */
export function loop(ask, onTrouble, world = THIS_PAGE, first = 0) {
  /** @type {unknown} */
  let timer = null;
  let asking = false;
  let woken = false;
  let stopped = false;
  let failures = 0;

  async function turn() {
    timer = null;
    if (asking || stopped || !world.seen()) return;
    asking = true;
    woken = false;
    try {
      const pace = await ask();
      failures = 0;
      if (pace === null) stop();
      else again(pace);
    } catch (error) {
      const problem = asProblem(error);
      if (!stopped) trouble(problem);
    } finally {
      asking = false;
      if (woken) again(0);
    }
  }

  /** @param {Problem} problem */
  function trouble(problem) {
    if (!problem.passing) {
      stop();
      onTrouble(problem, null);
      return;
    }
    failures += 1;
    const seconds = Math.min(MOST_PATIENT_S, 2 ** (failures - 1));
    onTrouble(problem, seconds);
    again(seconds * 1000);
  }

  /** @param {number} milliseconds */
  function again(milliseconds) {
    world.clearTimeout(timer);
    if (!stopped) timer = world.setTimeout(turn, milliseconds);
  }

  function wake() {
    if (asking) woken = true;
    else again(0);
  }

  function stop() {
    stopped = true;
    world.clearTimeout(timer);
    forget();
  }

  const forget = world.onReturn(() => {
    if (world.seen()) wake();
  });
  again(first);
  return { stop, wake };
}

/**
 * Ask until the server has drawn a picture.
 * @template {{state: string, poll_after_ms: number | null}} T
 * @param {() => Promise<T>} ask
 * @param {{tries?: number, slowing?: boolean}} [options] `slowing`: wait up to eight times as long, later on.
 * @returns {Promise<T>} The last answer; its state is `drawing` where it was not there in time.
 */
export async function untilDrawn(ask, { tries = 60, slowing = true } = {}) {
  let answer = await ask();
  for (let made = 0; answer.state === 'drawing' && made < tries; made += 1) {
    const factor = slowing ? Math.min(8, 1 + made / 4) : 1;
    await new Promise((done) => setTimeout(done, (answer.poll_after_ms ?? 500) * factor));
    answer = await ask();
  }
  return answer;
}
