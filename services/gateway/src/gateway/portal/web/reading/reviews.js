// What the reader says of findings: saved one after the other, each against the state it was said of, and undone again.

import { Problem, call, url } from '../core/api.js';
import { t } from '../core/words.js';

const TRIES = 4; // against changes of the case elsewhere that do not touch this finding

/**
 * @typedef {import('../viewer/study.js').Study} Study
 * @typedef {{study: Study, index: number | null}} Target A finding; an image as a whole where `index` is null.
 * @typedef {Target & {jobId: string}} Aimed A target in the analysis that the reader saw.
 * @typedef {{verdict: 'confirmed' | 'dismissed' | null, comment: string}} Said
 */

/** The reviews of the case. */
export class Reviews {
  #queue = Promise.resolve();
  /** @type {{target: Aimed, before: Said, after: object | null}[]} */
  #done = [];
  #pending = 0;

  constructor(page) {
    this.page = page;
  }

  /** Whether something is being saved. */
  get pending() {
    return this.#pending > 0;
  }

  /** Ends when everything that was said is saved, or could not be. */
  get settled() {
    return this.#queue;
  }

  /** What can be undone: the last change whose analysis is still the newest of its image. */
  get last() {
    while (this.#done.length && !this.#stands(this.#done.at(-1).target)) this.#done.pop();
    return this.#done.at(-1) || null;
  }

  /** The review of a finding as the case shows it, or null. */
  of({ study, index }) {
    return this.page.case.reviews.find(({ job_id: job, finding }) => job === study.jobId && finding === place(index)) || null;
  }

  verdictOf = (study, index) => this.of({ study, index })?.verdict || null;

  /**
   * Give a verdict or a comment.
   * @param {Target} target
   * @param {Partial<Said>} change
   * @returns {Promise<boolean>} Whether it is saved.
   */
  say(target, change) {
    const aimed = { study: target.study, index: target.index, jobId: target.study.jobId };
    return this.#next(aimed, () => this.#say(aimed, change));
  }

  /** Take in what the reader said last before the page was loaded: it can be undone as well. */
  async recall() {
    const { page } = this;
    const { body: change } = await call(url(page.urls.lastReviewUrl, page.case.id)).catch(() => ({ body: null }));
    const study = change && page.studies.find(({ jobId }) => jobId === change.job_id);
    if (!study || this.pending || this.#done.length) return;
    const target = { study, index: change.finding === 'image' ? null : Number(change.finding), jobId: change.job_id };
    this.#done.push({ target, before: change.before, after: this.of(target) });
    page.status.show();
  }

  /** Take back what was said last, wherever the reader is now. */
  undo() {
    const { last } = this;
    return this.#next(last?.target || null, () => this.#undo());
  }

  async #say(target, change) {
    const seen = this.of(target);
    const [before, send] = [said(seen), { ...said(seen), ...change }];
    if (before.verdict === send.verdict && before.comment === send.comment) {
      if ('verdict' in change) this.page.status.tell(t('reading.done.already', { change: this.#words(send, target, change) }));
      return true;
    }
    const saved = await this.#put(target, seen, send, this.#intent(send, target, change));
    if (!saved) {
      this.page.findings.status(target, '');
      return false;
    }
    this.#done.push({ target, before, after: saved.review });
    this.page.status.done(target, this.#words(send, target, change));
    return true;
  }

  async #undo() {
    const { last } = this;
    if (!last) {
      this.page.status.tell(t('reading.undo.nothing'));
      return false;
    }
    const { target, before, after } = last;
    const what = this.page.findings.nameOf(target);
    this.page.reveal(target);
    this.#done.pop();
    if (!same(this.of(target), after)) throw changed(this.of(target));
    const saved = await this.#put(target, after, { ...before, undo: true }, t('reading.undo.of', { what })).catch((problem) => {
      if (problem.code !== 'review_changed') this.#done.push(last); // it can be tried again
      throw problem;
    });
    if (!saved) {
      this.#done.push(last);
      return false;
    }
    const earlier = this.#done.findLast((change) => change.target.study === target.study && change.target.index === target.index);
    if (earlier) earlier.after = saved.review; // as it stands now, it is what that change had left
    this.page.status.done(target, t('reading.done.undone', { what, state: t(`reading.state.${before.verdict || 'open'}`) }));
    return true;
  }

  /** One at a time: each write needs the state that the one before has left. */
  #next(target, task) {
    this.#pending += 1;
    const turn = this.#queue.then(task).catch((problem) => {
      if (!(problem instanceof Problem)) throw problem;
      this.page.status.failed(target, problem);
      return false;
    });
    this.#queue = turn.then(() => {}, () => {});
    return turn.finally(() => {
      this.#pending -= 1;
    });
  }

  /** Write a review, again where the case changed elsewhere; null where the reader would not supersede a report. */
  async #put(target, seen, send, change) {
    for (let tries = 1; ; tries += 1) {
      if (!this.#stands(target)) throw new Problem(412, { code: 'review_changed', detail: t('reading.review_changed.again') });
      if (!(await this.page.maySupersede(change))) return null;
      this.page.findings.status(target, t('reading.saving'));
      try {
        return await this.#send(target, send);
      } catch (problem) {
        if (problem.code !== 'case_changed' || tries === TRIES) throw problem;
        await this.page.refresh();
        if (!same(this.of(target), seen)) throw changed(this.of(target));
      }
    }
  }

  async #send(target, send) {
    const { page } = this;
    const at = { job: target.jobId, finding: place(target.index) };
    const where = url(page.urls.reviewUrl, page.case.id, at);
    const { body: review, headers } = await call(where, { method: 'PUT', send, ifMatch: page.etag });
    page.takeReview(at, review, headers.get('ETag'));
    try {
      await page.refresh();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      page.watcher.wake(); // it is saved; the next look at the case says what else is wrong
    }
    return { review };
  }

  /** What is about to be done, in words. */
  #intent(after, target, change) {
    const verbs = { confirmed: 'confirm', dismissed: 'dismiss', null: 'take_back' };
    const verb = t(`reading.${'verdict' in change ? verbs[after.verdict] : 'comment'}`);
    return t('reading.verdict.of', { verb, what: this.page.findings.nameOf(target) });
  }

  /** What was done, in words. */
  #words(after, target, change) {
    const what = this.page.findings.nameOf(target);
    if (!('verdict' in change)) return t('reading.done.comment', { what });
    return t(`reading.done.${after.verdict || 'taken_back'}`, { what });
  }

  /** Whether the analysis that the reader saw is still the newest of its image: another has other findings. */
  #stands = ({ study, jobId }) => this.page.studies.includes(study) && study.jobId === jobId;
}

const place = (index) => (index === null ? 'image' : String(index));

const said = (review) => ({ verdict: review?.verdict || null, comment: review?.comment || '' });

const same = (one, other) => one?.reviewed_at === other?.reviewed_at && one?.reviewer === other?.reviewer;

/** Somebody else had a word on the same finding: it must not be written over unseen. */
function changed(review) {
  const words = review ? t('reading.review_changed', { who: review.reviewer }) : t('reading.review_changed.gone');
  return new Problem(412, { code: 'review_changed', detail: words });
}
