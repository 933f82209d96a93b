// The outcome of a job as text, and the actions that it allows.

import { problemWords } from '../core/codes.js';
import { t } from '../core/words.js';
import { FINAL } from './follower.js';

/** @typedef {import('../core/types.d.ts').Progress} Progress */

/**
 * @param {Progress} progress
 * @param {string[]} inputErrors Codes of errors that the file itself is the cause of: trying again does not help.
 */
export function outcomeOf({ state, steps }, inputErrors) {
  const failed = steps.find((step) => step.state === 'failed');
  const error = failed?.error ?? null;
  const ended = FINAL.includes(state) && state !== 'done';
  const step = failed ? t(`steps.${failed.name}`) : '';
  const words = problemWords(error ?? {});
  return {
    over: FINAL.includes(state),
    ended,
    retryable: ended && !(error && inputErrors.includes(error.code)),
    failure: failed ? t('steps.step_failed.detail', { step, detail: words }) : '',
    detail: error && error.detail !== words ? t('steps.more', { detail: error.detail }) : '',
  };
}
