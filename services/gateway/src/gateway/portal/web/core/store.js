// The state of a page: one object that is changed in one place, and views that subscribe to its parts.

/**
 * @template {object} S
 * @typedef {{
 *   readonly state: Readonly<S>,
 *   update: (change: Partial<S> | ((state: Readonly<S>) => Partial<S>)) => void,
 *   subscribe: (keys: (keyof S)[], view: (state: Readonly<S>) => void) => () => void,
 * }} Store
 */

/**
 * A store. `update` replaces parts of the state; a part counts as changed where it is another value or object, so what is
 * in the state is replaced and never modified.
 *
 * A view that updates the state while it is told of a change is told again afterwards: every view sees whole states only,
 * in their order. Where a view fails, the others are told all the same, and `update` throws the first failure.
 * @template {object} S
 * @param {S} initial
 * @returns {Store<S>}
 */
export function createStore(initial) {
  let state = { ...initial };
  /** @type {Set<{keys: (keyof S)[], view: (state: Readonly<S>) => void}>} */
  const subscribers = new Set();
  /** @type {Set<keyof S>} */
  let changed = new Set();
  let telling = false;

  function tell() {
    if (telling) return;
    telling = true;
    /** @type {unknown[]} */
    const failures = [];
    while (changed.size) {
      const now = changed;
      changed = new Set();
      for (const { keys, view } of [...subscribers])
        try {
          if (keys.some((key) => now.has(key))) view(state);
        } catch (failure) {
          failures.push(failure);
        }
    }
    telling = false;
    if (failures.length) throw failures[0];
  }

  return {
    get state() {
      return state;
    },
    update(change) {
      const parts = typeof change === 'function' ? change(state) : change;
      const keys = /** @type {(keyof S)[]} */ (Object.keys(parts)).filter((key) => !Object.is(state[key], parts[key]));
      if (!keys.length) return;
      state = { ...state, ...parts };
      for (const key of keys) changed.add(key);
      tell();
    },
    subscribe(keys, view) {
      const subscriber = { keys, view };
      subscribers.add(subscriber);
      view(state);
      return () => subscribers.delete(subscriber);
    },
  };
}
