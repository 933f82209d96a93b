// Sends one file and follows its job; retries and cancels.

import { address, asProblem, call } from '../core/api.js';
import { conflictWords } from '../core/codes.js';
import { loginLinks } from '../core/trouble.js';
import { sentences, t } from '../core/words.js';
import { outcomeOf } from '../jobs/outcome.js';
import { brokenUpload, uploadSteps } from '../jobs/steps.js';
import { differingWords } from './patients.js';
import { send } from './sending.js';
import { entryOf, patch, saidOf } from './state.js';

/** @typedef {import('./state.js').Entry} Entry */
/** @typedef {import('../core/api.js').Problem} Problem */
/** @typedef {import('../core/types.d.ts').Progress} Progress */

const NO_NOTE = { words: '' };
// Sending the same file once more cannot help.
const FINAL_CODES = ['duplicate_image', 'file_too_large'];

/**
 * @param {import('./state.js').IntakeStore} store
 * @param {import('./state.js').Config} config
 * @param {(jobId: string) => void} follow Follow a job; its progress comes to `take`.
 */
export function createDelivery(store, { inputErrors, replaces }, follow) {
  /** @type {Map<number, {cancel: () => void}>} */
  const sending = new Map();

  /** @param {Entry} entry */
  function formOf({ file, options, acceptsOtherPatient }) {
    const data = new FormData();
    data.append('case_id', store.state.caseId);
    if (replaces) data.append('replaces', replaces);
    if (acceptsOtherPatient) data.append('accept_other_patient', 'true');
    for (const [name, value] of Object.entries(saidOf(options))) data.append(name, value);
    data.append('file', file, file.name); // the last: the server checks the others before it stores a byte
    return data;
  }

  /** Send a file into the case; ends when it is accepted or has failed. @param {number} id */
  async function deliver(id) {
    const entry = entryOf(store, id);
    if (!entry) return;
    patch(store, id, { stage: 'sending', steps: uploadSteps(0), failure: NO_NOTE, retryable: false, otherPatient: false });
    const under = send('/api/v1/images', () => formOf(entry), {
      onProgress: (fraction, left) => patch(store, id, { connection: NO_NOTE, steps: uploadSteps(fraction, left) }),
      onWaiting: (problem, seconds) => {
        const words = t('steps.sending_again', { problem: problem.message, seconds });
        patch(store, id, { steps: uploadSteps(0), connection: { words, symbol: 'offline' } });
      },
    });
    sending.set(id, under);
    try {
      const { job, twins, conflicts } = await under.done;
      const differs = { words: conflictWords(conflicts), symbol: 'question' };
      patch(store, id, { stage: 'following', jobId: job, alsoIn: twinNote(twins[0]), conflicts: differs });
      follow(job);
    } catch (error) {
      fail(id, asProblem(error));
    } finally {
      sending.delete(id);
    }
  }

  /** @param {number} id @param {Problem} problem */
  function fail(id, problem) {
    const cancelled = problem.code === 'upload_cancelled';
    const otherPatient = problem.code === 'other_patient';
    const hopeless = [...FINAL_CODES, ...inputErrors].includes(problem.code);
    patch(store, id, {
      stage: cancelled ? 'cancelled' : 'failed',
      steps: brokenUpload(cancelled ? 'cancelled' : 'failed'),
      connection: NO_NOTE,
      failure: failureNote(problem),
      retryable: !hopeless && !otherPatient,
      otherPatient,
    });
  }

  /** Store the progress of a job. @param {string} jobId @param {Progress} progress */
  function take(jobId, progress) {
    const entry = store.state.entries.find((other) => other.jobId === jobId);
    if (!entry) return;
    const { over, retryable, failure, detail } = outcomeOf(progress, inputErrors);
    const ended = progress.state === 'done' || progress.state === 'cancelled' ? progress.state : 'failed';
    patch(store, entry.id, {
      steps: progress.steps,
      connection: NO_NOTE,
      failure: { words: failure, symbol: 'cross', small: detail },
      retryable,
      stage: over ? ended : 'following',
    });
  }

  /** Retry or cancel a job, and follow it; show a refusal. */
  async function act(/** @type {number} */ id, /** @type {string} */ jobId, /** @type {'retry' | 'cancel'} */ name) {
    try {
      await call('post', `/api/v1/jobs/{job_id}/${name}`, { params: { job_id: jobId } });
    } catch (error) {
      patch(store, id, { connection: { words: asProblem(error).message, symbol: 'offline' }, retryable: name === 'retry' });
      return;
    }
    patch(store, id, { stage: 'following' });
    follow(jobId);
  }

  return {
    deliver,
    take,

    /** @param {number} id */
    async retry(id) {
      const entry = entryOf(store, id);
      if (!entry?.jobId) return deliver(id);
      patch(store, id, { retryable: false });
      return act(id, entry.jobId, 'retry');
    },

    /** @param {number} id */
    async cancel(id) {
      const entry = entryOf(store, id);
      if (!entry?.jobId) return sending.get(id)?.cancel();
      return act(id, entry.jobId, 'cancel');
    },

    /** The reader says that the file belongs here although it names another patient. @param {number} id */
    async acceptPatient(id) {
      patch(store, id, { acceptsOtherPatient: true });
      const { started, caseId } = store.state;
      if (entryOf(store, id)?.stage !== 'chosen' || (started && caseId)) await deliver(id);
    },
  };
}

/** The note that the same image is in another case, too. */
function twinNote(/** @type {import('../core/types.d.ts').Twin | undefined} */ twin) {
  if (!twin) return NO_NOTE;
  const inCase = twin.case_id !== null;
  const words = inCase ? t('steps.also_in', { pseudonym: twin.pseudonym ?? '' }) : t('steps.also_single');
  const href = inCase ? `/cases/${twin.case_id}` : `/jobs/${twin.job_id}`;
  return { words, symbol: 'layers', links: [{ href, label: t(inCase ? 'common.open_case' : 'steps.also_single.open') }] };
}

/** The reason for which a file did not arrive, in words. @param {Problem} problem */
function failureNote(problem) {
  const { code, message, document } = problem;
  const plain = code === 'upload_cancelled' || code === 'other_patient';
  const words = plain ? message : t('steps.step_failed.detail', { step: t('steps.upload'), detail: message });
  const known = code === 'duplicate_image' && document.existing_job_id;
  const links = known ? [{ href: address('/jobs/{id}', { params: { id: known } }), label: t('steps.duplicate') }] : [];
  const own = code === 'other_patient' || document.detail === message ? '' : document.detail;
  return {
    words: sentences([words, ...differingWords(document.differs ?? [])]),
    symbol: 'cross',
    links: [...links, ...loginLinks(problem, location.pathname)],
    small: own ? t('steps.more', { detail: own }) : '',
  };
}
