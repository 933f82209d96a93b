// Asking again and again: never two requests at once, more and more patiently in trouble, not at all while nobody looks.

const MOST_PATIENT_S = 30;

/**
 * Call `ask` until it says that there is nothing more to ask, or an error that will not pass.
 * @param {() => Promise<number | null>} ask Asks once; gives the milliseconds until the next time, null for the end.
 * @param {(problem: Error, seconds: number | null) => void} onTrouble `seconds` until the next try, null for none.
 * @returns {{stop: () => void, wake: () => void}} `wake` asks at once, or as soon as the request under way is through.
 */
export function loop(ask, onTrouble) {
  let timer = null;
  let asking = false;
  let woken = false;
  let stopped = false;
  let failures = 0;

  async function turn() {
    timer = null;
    if (asking || stopped || document.hidden) return;
    asking = true;
    woken = false;
    try {
      const pace = await ask();
      failures = 0;
      if (pace === null) stop();
      else again(pace);
    } catch (problem) {
      if (!('status' in problem)) throw problem;
      if (!stopped) trouble(problem);
    } finally {
      asking = false;
      if (woken) again(0);
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
    const seconds = Math.min(MOST_PATIENT_S, 2 ** (failures - 1));
    onTrouble(problem, seconds);
    again(seconds * 1000);
  }

  function again(milliseconds) {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(turn, milliseconds);
  }

  function wake() {
    if (asking) woken = true;
    else again(0);
  }

  function look() {
    if (!document.hidden) wake();
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
    removeEventListener('online', look);
  }

  document.addEventListener('visibilitychange', look);
  addEventListener('online', look);
  again(0);
  return { stop, wake };
}
