// A world for loops whose time a test moves on, and images for the viewer.

/** A clock, an audience and a network in the hands of a test. */
export function createWorld() {
  const timers = new Map();
  const listeners = new Set();
  let count = 0;
  const world = {
    now: 0,
    watched: true,
    setTimeout(act, milliseconds) {
      count += 1;
      timers.set(count, { act, at: world.now + milliseconds });
      return count;
    },
    clearTimeout: (timer) => timers.delete(timer),
    seen: () => world.watched,
    onReturn(act) {
      listeners.add(act);
      return () => listeners.delete(act);
    },

    /** The times at which something waits to be done. */
    get waiting() {
      return [...timers.values()].map(({ at }) => at);
    },

    /** Let time pass, and everything that is due happen. */
    async pass(milliseconds) {
      world.now += milliseconds;
      for (const [id, { act, at }] of [...timers]) if (at <= world.now && timers.delete(id)) act();
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    },

    /** Somebody looks at the page again. */
    async comeBack() {
      world.watched = true;
      for (const act of listeners) act();
      await world.pass(0);
    },
  };
  return world;
}

/** An image of a case as the viewer holds it; only what a test names differs from a film that is assessed. */
export function imageWith({ id = 'i', view = null, film = true, prior = false, findings = [], ...result } = {}) {
  const thresholds = { low: 0.2, high: 0.7, finding: 0.5 };
  const named = findings.map((finding, place) => ({ id: `f${place + 1}`, ...finding }));
  const assessed = { assessment: 'not_sure', probability_malignant: 0.5, findings: named, thresholds, ...result };
  const [laterality = null] = view ?? '';
  const entry = { state: 'assessed', laterality, modality: film ? 'mammography' : 'histopathology', view: view?.slice(1) ?? null, examination: null, job: {} };
  return { id, jobId: `job-${id}`, formerJobs: [], name: view ?? id, film, marks: film, prior, view: prior ? null : view, entry, result: result.result === null ? null : assessed };
}
