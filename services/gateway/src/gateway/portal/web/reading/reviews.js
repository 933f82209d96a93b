// Saves reviews of findings one after the other, each with the ETag of the case that was on screen, and undoes them.

import { Problem, asProblem, call } from '../core/api.js';
import { t } from '../core/words.js';
import { imageOf, keyOf, nameOf, nameOfMarks, reviewOf, sameTarget, targetAt } from './targets.js';

/** @typedef {import('./state.js').Said} Said */
/** @typedef {import('./state.js').Change} Change */
/** @typedef {import('./state.js').SaidChange} SaidChange */
/** @typedef {import('./state.js').Review} Review */
/** @typedef {import('../core/types.d.ts').ReviewChange} ReviewChange */
/** @typedef {import('../core/types.d.ts').OneChange} OneChange */
/** @typedef {import('./state.js').Reading} Reading */
/** @typedef {import('./targets.js').Target} Target */
/** @typedef {{target: Target, change: Partial<Said>, others: Target[], seen: Review | null}} Unsent A verdict that is sent once the server
 *     can be reached; `seen`: what was said of the target when it was given. */

const TRIES = 4; // against changes of the case elsewhere that do not touch this finding
const VERBS = { confirmed: 'reading.confirm', dismissed: 'reading.dismiss' };

/** The change that can be undone: the last one whose analysis is still the newest of its image. @param {Reading} state */
export const lastChange = ({ changes, images }) => [...changes].reverse().find((change) => 'own' in change || imageOf(images, change.target)) ?? null;

/** The name of a change's target. @param {Reading} state @param {Change} change */
export const nameOfChange = (state, change) => ('own' in change ? change.name : nameOf(state, change.target));

/**
 * @param {import('./state.js').ReadingStore} store
 * @param {{
 *   feed: Pick<ReturnType<typeof import('./case-feed.js').createCaseFeed>, 'refresh' | 'takeReview' | 'wake'>,
 *   status: ReturnType<typeof import('./status.js').createStatus>,
 *   maySupersede: (change: string) => Promise<boolean>,
 *   reveal: (target: Target) => void,
 *   coupled: (target: Target) => Target[],
 * }} page
 */
export function createReviews(store, { feed, status, maySupersede, reveal, coupled }) {
  /** @type {Promise<unknown>} */
  let queue = Promise.resolve();
  /** @type {Map<string, Unsent>} By key of their target. */
  const unsent = new Map();

  const now = (/** @type {Target} */ target) => reviewOf(store.state.case?.reviews ?? [], target);
  const name = (/** @type {Target} */ target) => nameOf(store.state, target);
  const remember = (/** @type {SaidChange} */ change) => store.update(({ changes }) => ({ changes: [...changes, change] }));

  /**
   * Queue a task: each write needs the ETag of the previous one.
   * @param {Target | null} target
   * @param {() => Promise<boolean>} task
   * @param {(error: unknown) => void} [failed]
   */
  function next(target, task, failed = (error) => status.failed(target, asProblem(error))) {
    store.update(({ saving }) => ({ saving: saving + 1 }));
    const turn = queue.then(task).catch((error) => {
      failed(error);
      return false;
    });
    queue = turn.catch(() => {});
    return turn.finally(() => store.update(({ saving }) => ({ saving: saving - 1 })));
  }

  /** Queue what a reader says of a target, or said when the server could not be reached. @param {Unsent} said @param {boolean} [again] */
  function say({ target, change, others, seen }, again = false) {
    unsent.delete(keyOf(target));
    const act = () => {
      if (again && !same(now(target), seen) && now(target)?.verdict !== change.verdict) throw changed(now(target));
      return sayOfLesion(target, change, others);
    };
    return next(target, async () => act(), (error) => failed({ target, change, others, seen }, error, again));
  }

  /** Tell of what was not saved; a verdict is kept if the server could not be reached. @param {Unsent} said @param {unknown} error @param {boolean} [again] */
  function failed(said, error, again = false) {
    const problem = asProblem(error);
    if (problem.code !== 'offline' || !('verdict' in said.change)) return status.failed(said.target, problem);
    unsent.set(keyOf(said.target), said);
    if (again) return status.beside(said.target, t('reading.unsaved')); // it was told before
    status.failed(said.target, { message: t('reading.waits'), status: 0 });
    return feed.wake(); // it asks until the server answers
  }

  /** Give a verdict also on the lesion's other marks that the reader saw. @param {Target} target @param {Partial<Said>} change @param {Target[]} others */
  async function sayOfLesion(target, change, others) {
    const verdict = now(target)?.verdict ?? null;
    if (!(await sayNow(target, change))) return false;
    const done = [target];
    for (const other of others) {
      if ((now(other)?.verdict ?? null) !== verdict) continue;
      try {
        if (!(await sayNow(other, { verdict: change.verdict }, true))) continue;
        done.push(other);
        status.tell(doneWords(nameOfMarks(store.state, done), { ...said(now(target)), ...change }, change));
      } catch (error) {
        failed({ target: other, change: { verdict: change.verdict }, others: [], seen: now(other) }, error); // it stands for itself
      }
    }
    return true;
  }

  /** @param {Target} target @param {Partial<Said>} change @param {boolean} [also] Of the other mark of a lesion: it is told of with the first. */
  async function sayNow(target, change, also = false) {
    const seen = now(target);
    const before = said(seen);
    const after = { ...before, ...change };
    if (before.verdict === after.verdict && before.comment === after.comment) {
      status.beside(target, t('reading.saved'));
      if ('verdict' in change) status.tell(t('reading.done.already', { change: doneWords(name(target), after, change) }));
      return true;
    }
    const saved = await put(target, seen, { ...after, together: also }, intentWords(name(target), after, change));
    if (!saved) {
      status.beside(target, '');
      return false;
    }
    remember({ target, before, after: saved.review, also });
    if (also) status.beside(target, '');
    else status.done(target, doneWords(name(target), after, change));
    return true;
  }

  /** Remember a change that was made before the page was loaded. @param {OneChange} change @param {boolean} also @returns {boolean} Whether its analysis is still the newest of an image. */
  function recalled(change, also) {
    const target = targetAt(store.state.images, change);
    if (target) remember({ target, before: change.before, after: now(target), also });
    return target !== null;
  }

  async function undoLast() {
    const last = lastChange(store.state);
    if (!last || 'own' in last) {
      status.tell(t('reading.undo.nothing'));
      return false;
    }
    const { target, before, after } = last;
    const what = name(target);
    reveal(target);
    store.update(({ changes }) => ({ changes: changes.slice(0, changes.indexOf(last)) }));
    if (!same(now(target), after)) throw changed(now(target));
    const saved = await put(target, after, { ...before, undo: true }, t('reading.undo.of', { what })).catch((error) => {
      if (asProblem(error).code !== 'review_changed') remember(last); // it can be tried again
      throw error;
    });
    if (!saved) {
      remember(last);
      return false;
    }
    store.update(({ changes }) => ({ changes: leftAs(changes, target, saved.review) }));
    if (last.also) return undoLast();
    status.done(target, t('reading.done.undone', { what, state: t(`reading.state.${before.verdict ?? 'open'}`) }));
    return true;
  }

  /**
   * Save a review; repeated if another part of the case changed. Null if the reader does not want to supersede a report.
   * @param {Target} target
   * @param {Review | null} seen
   * @param {Said & {undo?: boolean, together?: boolean}} send
   * @param {string} intent
   */
  async function put(target, seen, send, intent) {
    for (let tries = 1; ; tries += 1) {
      if (!imageOf(store.state.images, target)) throw new Problem(412, { code: 'review_changed', detail: t('reading.review_changed.again') });
      if (!(await maySupersede(intent))) return null;
      status.beside(target, t('reading.saving'));
      try {
        return await write(target, send);
      } catch (error) {
        if (asProblem(error).code !== 'case_changed' || tries === TRIES) throw error;
        await feed.refresh();
        if (!same(now(target), seen)) throw changed(now(target));
      }
    }
  }

  /** @param {Target} target @param {Said & {undo?: boolean, together?: boolean}} send */
  async function write(target, send) {
    const at = { job: target.jobId, finding: target.findingId };
    const params = { case_id: store.state.case?.id ?? '', job_id: at.job, finding: at.finding };
    const { body, headers } = await call('put', '/api/v1/cases/{case_id}/reviews/{job_id}/{finding}', { params, send, ifMatch: store.state.etag });
    const review = /** @type {Review | null} */ (body);
    feed.takeReview(at, review, headers.get('ETag'));
    try {
      await feed.refresh();
    } catch (error) {
      asProblem(error);
      feed.wake(); // it is saved; the next look at the case says what else is wrong
    }
    return { review };
  }

  return {
    /** Resolves when every review is saved or has failed. */
    settled: () => queue,

    /**
     * Give a verdict or a comment; returns whether it was saved.
     * @param {Target} target
     * @param {Partial<Said>} change
     */
    say(target, change) {
      return say({ target, change, others: 'verdict' in change ? coupled(target) : [], seen: now(target) }); // as the reader sees them now
    },

    /** Whether verdicts wait until the server can be reached. */
    waiting: () => unsent.size > 0,

    /** Send the verdicts that wait. */
    resend() {
      for (const each of [...unsent.values()]) say(each, true);
    },

    /** Fetch the reader's last change from before the page was loaded, so that it can be undone, too. */
    async recall() {
      const params = { case_id: store.state.case?.id ?? '' };
      const answer = await call('get', '/api/v1/cases/{case_id}/reviews/last', { params }).catch(() => null);
      const last = /** @type {ReviewChange | null | undefined} */ (answer?.body);
      if (!last || store.state.saving || store.state.changes.length) return;
      const other = last.earlier && recalled(last.earlier, false);
      recalled(last, Boolean(other));
    },

    /** Undo the last change, regardless of the current target. */
    undo() {
      const last = lastChange(store.state);
      return next(last && !('own' in last) ? last.target : null, undoLast);
    },
  };
}

/** @param {Review | null} review @returns {Said} */
const said = (review) => ({ verdict: review?.verdict ?? null, comment: review?.comment ?? '' });

/** @param {Review | null} one @param {Review | null} other */
const same = (one, other) => one?.reviewed_at === other?.reviewed_at && one?.reviewer === other?.reviewer;

/** The changes after an undo: the target's previous change left this review. @param {Change[]} changes @param {Target} target @param {Review | null} review */
function leftAs(changes, target, review) {
  const earlier = [...changes].reverse().find((change) => !('own' in change) && sameTarget(change.target, target));
  return changes.map((change) => (change === earlier ? { ...change, after: review } : change));
}

/** The error if somebody else reviewed the same finding, whose review must not be overwritten unseen. @param {Review | null} review */
function changed(review) {
  const detail = review ? t('reading.review_changed', { who: review.reviewer }) : t('reading.review_changed.gone');
  return new Problem(412, { code: 'review_changed', detail });
}

/** The pending change, in words. @param {string} what @param {Said} after @param {Partial<Said>} change */
function intentWords(what, after, change) {
  const verb = 'verdict' in change ? t(after.verdict ? VERBS[after.verdict] : 'reading.take_back') : t('common.comment');
  return t('reading.verdict.of', { verb, what });
}

/** The change that was made, in words. @param {string} what @param {Said} after @param {Partial<Said>} change */
function doneWords(what, after, change) {
  if (!('verdict' in change)) return t('reading.done.comment', { what });
  return t(`reading.done.${after.verdict ?? 'taken_back'}`, { what });
}
