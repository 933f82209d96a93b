// The page of one job: its steps, the actions after a failure, and the report.

import { mayChangeCase } from '../cases/supersede.js';
import { asProblem, call } from '../core/api.js';
import { byId, role, showNote, write } from '../core/dom.js';
import { timeLeft } from '../core/numbers.js';
import { createStore } from '../core/store.js';
import { localTimes } from '../core/times.js';
import { troubleWords } from '../core/trouble.js';
import { t } from '../core/words.js';
import { createFollower } from './follower.js';
import { outcomeOf } from './outcome.js';
import { reportView } from './report.js';
import { showSteps } from './steps.js';

/** @typedef {import('../core/types.d.ts').Progress} Progress */
/** @typedef {{progress: Progress | null, trouble: import('../core/dom.js').Note, announced: string}} JobState */

const root = byId('follow');
const { jobId = '', caseId, inputErrors = '' } = root.dataset;
const INPUT_ERRORS = inputErrors.split(' ');
const NO_TROUBLE = { words: '' };
const store = createStore(/** @type {JobState} */ ({ progress: null, trouble: NO_TROUBLE, announced: '' }));
const report = reportView(byId('report'), jobId);
let acting = false;

const inferred = (/** @type {Progress | null} */ progress) =>
  progress?.steps.some(({ name, state }) => name === 'inference' && state === 'done') ?? false;

const follower = createFollower({
  onProgress(_, progress) {
    store.update({ progress });
    announce(progress);
    if (progress.state === 'done' || (outcomeOf(progress, INPUT_ERRORS).over && inferred(progress))) showReport(progress.state === 'done');
  },
  onTrouble(problem, seconds) {
    if (problem) store.update({ trouble: { ...troubleWords(problem, { back: location.pathname, seconds }), symbol: 'offline' } });
    else if (store.state.trouble.symbol) store.update({ trouble: NO_TROUBLE });
  },
});

/** @param {Progress} progress */
function announce({ steps }) {
  const at = steps.find(({ state }) => ['running', 'failed', 'cancelled'].includes(state));
  if (!at) return;
  const state = at.state === 'running' ? t('steps.in_progress') : t(`steps.${at.state}`);
  store.update({ announced: `${t(`steps.${at.name}`)}: ${state}` });
}

/** @param {boolean} complete */
async function showReport(complete) {
  try {
    const conclusion = await report.show(complete);
    store.update({ announced: t('steps.report_ready', { conclusion }) });
  } catch (error) {
    store.update({ trouble: { words: t('jobs.no_report', { detail: asProblem(error).message }) } });
  }
}

/** @param {'retry' | 'cancel'} name */
async function act(name) {
  if (acting) return;
  acting = true;
  try {
    if (name === 'retry' && !(await mayRetry())) return;
    await call('post', `/api/v1/jobs/{job_id}/${name}`, { params: { job_id: jobId } });
    follower.follow(jobId);
  } catch (error) {
    store.update({ trouble: { words: asProblem(error).message } });
  } finally {
    acting = false;
  }
}

/** A new analysis changes what the case says; a new report of an image that was assessed does not. */
async function mayRetry() {
  return !caseId || inferred(store.state.progress) || mayChangeCase(caseId, t('supersede.retry'));
}

store.subscribe(['progress'], ({ progress }) => {
  if (!progress) return;
  const { over, ended, retryable, failure, detail } = outcomeOf(progress, INPUT_ERRORS);
  showSteps(root, progress.steps);
  root.dataset.over = over ? progress.state : '';
  const left = over ? null : progress.seconds_left;
  write(role(root, 'left'), left == null ? '' : t('jobs.report_left', { left: timeLeft(left) }));
  role(root, 'cancel').hidden = over;
  role(root, 'retry').hidden = !retryable;
  role(root, 'another').hidden = !ended;
  showNote(role(root, 'failure'), { words: failure, symbol: 'cross', small: detail });
});
store.subscribe(['trouble'], ({ trouble }) => showNote(role(root, 'connection'), trouble));
store.subscribe(['announced'], ({ announced }) => write(role(root, 'announcer'), announced));

role(root, 'retry').addEventListener('click', () => act('retry'));
role(root, 'cancel').addEventListener('click', () => act('cancel'));
localTimes(document);
follower.follow(jobId);
