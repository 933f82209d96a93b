// One job from upload to report: the four bars, what to do when a step fails, and the report when it is there.

import { Problem, call, url } from '../core/api.js';
import { Bars, FINAL } from './steps.js';
import { message, role, write } from '../core/dom.js';
import { loop } from '../core/poll.js';
import { Report } from './report.js';
import { mayChangeCase } from '../cases/supersede.js';
import { problemWords } from '../core/codes.js';
import { timeLeft } from '../core/numbers.js';
import { t } from '../core/words.js';

/** The progress section of a page. */
export class Follow {
  constructor(root, reportRoot) {
    this.root = root;
    this.urls = root.dataset;
    this.inputErrors = root.dataset.inputErrors.split(' ');
    this.bars = new Bars(root);
    this.report = new Report(reportRoot, this.urls);
    this.jobId = null;
    this.spoken = null;
    this.poller = null;
    this.inferred = false;
    this.acting = false;
    role(root, 'retry').addEventListener('click', () => this.#act(this.urls.retryUrl));
    role(root, 'cancel').addEventListener('click', () => this.#act(this.urls.cancelUrl));
  }

  /** Follow a job until nothing changes any more. */
  watch(jobId) {
    this.jobId = jobId;
    this.poller?.stop();
    let etag = null;
    let pace = 1000;
    const ask = async () => {
      const { body, headers } = await call(url(this.urls.progressUrl, jobId), { etag });
      message(role(this.root, 'connection'), '');
      if (body) {
        etag = headers.get('ETag');
        pace = body.poll_after_ms;
        this.#show(body);
      }
      return pace;
    };
    this.poller = loop(ask, (problem, seconds) => this.#trouble(problem, seconds));
  }

  #show(progress) {
    progress.steps.forEach((step) => this.bars.step(step));
    const over = FINAL.includes(progress.state);
    this.root.dataset.over = over ? progress.state : '';
    const left = !over && progress.seconds_left !== null ? t('jobs.report_left', { left: timeLeft(progress.seconds_left) }) : '';
    write(role(this.root, 'left'), left);
    role(this.root, 'cancel').hidden = over;
    this.#outcome(progress);
    const at = progress.steps.find((step) => ['running', 'failed', 'cancelled'].includes(step.state));
    if (at) this.#speak(`${t(`steps.${at.name}`)}: ${at.state === 'running' ? t('steps.in_progress') : t(`steps.${at.state}`)}`);
    this.inferred = progress.steps.find((step) => step.name === 'inference').state === 'done';
    if (progress.state === 'done' || (over && this.inferred)) this.#showReport(progress.state === 'done');
  }

  /** What the user can do now that a job ended without a report. */
  #outcome(progress) {
    const failed = progress.steps.find((step) => step.state === 'failed');
    const hopeless = Boolean(failed?.error) && this.inputErrors.includes(failed.error.code);
    const ended = ['failed', 'dead', 'cancelled'].includes(progress.state);
    role(this.root, 'retry').hidden = !ended || hopeless;
    role(this.root, 'another').hidden = !ended;
    const words = failed ? t('steps.step_failed.detail', { step: t(`steps.${failed.name}`), detail: problemWords(failed.error || {}) }) : '';
    const element = role(this.root, 'failure');
    if (element.dataset.words === words) return;
    element.dataset.words = words;
    message(element, words, { symbol: 'cross', small: failed?.error ? t('steps.more', { detail: failed.error.detail }) : '' });
  }

  async #showReport(complete) {
    try {
      await this.report.show(this.jobId, complete);
      this.#speak(t('steps.report_ready', { conclusion: this.report.conclusion }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      message(role(this.root, 'connection'), t('jobs.no_report', { detail: problem.message }));
    }
  }

  #trouble(problem, seconds) {
    const gone = problem.status === 401;
    const words = gone
      ? t('steps.logged_out')
      : seconds === null
        ? problem.message
        : t('steps.asking_again', { problem: problem.message, seconds });
    const back = encodeURIComponent(url(this.urls.pageUrl, this.jobId));
    const links = gone ? [{ href: `${this.urls.loginUrl}?next=${back}`, label: t('steps.log_in_again') }] : [];
    message(role(this.root, 'connection'), words, { symbol: 'offline', links });
  }

  async #act(template) {
    if (this.acting) return;
    this.acting = true;
    try {
      if (template === this.urls.retryUrl && !(await this.#mayRetry())) return;
      await call(url(template, this.jobId), { method: 'POST' });
      this.watch(this.jobId);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      message(role(this.root, 'connection'), problem.message);
    } finally {
      this.acting = false;
    }
  }

  /** A new analysis changes what the case says; only the report of an image that was assessed does not. */
  async #mayRetry() {
    const { caseUrl } = this.urls;
    return !caseUrl || this.inferred || mayChangeCase(caseUrl, t('supersede.retry'));
  }

  #speak(words) {
    if (words === this.spoken) return;
    this.spoken = words;
    role(this.root, 'announcer').textContent = words;
  }
}
