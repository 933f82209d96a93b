// One job from upload to report: the four bars, what to do when a step fails, and the report when it is there.

import { Problem, call, url } from './api.js';
import { icon, message, role, write } from './dom.js';
import { poll } from './poll.js';
import { Report } from './report.js';
import { STEPS, share, timeLeft } from './words.js';

const FINAL = ['done', 'failed', 'dead', 'cancelled'];
const STATE_WORDS = { waiting: 'waiting', done: 'done', failed: 'failed', cancelled: 'cancelled' };
const STATE_ICONS = { done: 'check', failed: 'cross', cancelled: 'stop' };

/** The progress section of a page. */
export class Follow {
  constructor(root, reportRoot) {
    this.root = root;
    this.urls = root.dataset;
    this.inputErrors = root.dataset.inputErrors.split(' ');
    this.report = new Report(reportRoot, this.urls);
    this.jobId = null;
    this.spoken = null;
    this.poller = null;
    this.onCancelUpload = null;
    role(root, 'retry').addEventListener('click', () => this.#act(this.urls.retryUrl));
    role(root, 'cancel').addEventListener('click', () => {
      if (this.jobId) this.#act(this.urls.cancelUrl);
      else this.onCancelUpload?.();
    });
  }

  /** Show the bars before there is a job: the upload begins. */
  begin() {
    this.root.hidden = false;
    this.root.dataset.over = '';
    this.#failure(null);
    role(this.root, 'retry').hidden = true;
    role(this.root, 'another').hidden = true;
    role(this.root, 'cancel').hidden = false;
    for (const name of Object.keys(STEPS)) this.#step({ name, state: name === 'upload' ? 'running' : 'waiting', fraction: 0 });
  }

  /** How far the upload is; the last bytes sent are not yet the file stored. */
  uploading(fraction, secondsLeft) {
    const activity = fraction < 1 ? 'sending the image' : 'the server checks and stores it';
    this.#step({ name: 'upload', state: 'running', fraction, activity, seconds_left: fraction < 1 ? secondsLeft : null });
  }

  /** The upload failed. */
  uploadFailed(problem) {
    const step = { name: 'upload', state: 'failed', fraction: 0, error: { code: problem.code, detail: problem.message } };
    this.#step(step);
    role(this.root, 'cancel').hidden = true;
    const links = [];
    const known = problem.document.existing_job_id;
    if (problem.code === 'duplicate_image' && known)
      links.push({ href: url(this.urls.pageUrl, known), label: 'Show the analysis that is there' });
    if (problem.status === 401) links.push(this.#loginLink());
    this.#failure('upload', problem.message, links);
    this.#speak(`Upload failed. ${problem.message}`);
  }

  /** Follow a job until nothing changes any more. */
  watch(jobId) {
    this.jobId = jobId;
    this.root.hidden = false;
    this.poller?.stop();
    this.poller = poll(url(this.urls.progressUrl, jobId), {
      onAnswer: (progress) => this.#show(progress),
      onTrouble: (problem, seconds) => this.#trouble(problem, seconds),
    });
  }

  #show(progress) {
    message(role(this.root, 'connection'), '');
    progress.steps.forEach((step) => this.#step(step));
    const over = FINAL.includes(progress.state);
    this.root.dataset.over = over ? progress.state : '';
    write(role(this.root, 'left'), !over && progress.seconds_left !== null ? `Report: ${timeLeft(progress.seconds_left)}` : '');
    role(this.root, 'cancel').hidden = over;
    this.#outcome(progress);
    const at = progress.steps.find((step) => ['running', 'failed', 'cancelled'].includes(step.state));
    if (at) this.#speak(`${STEPS[at.name]}: ${at.state === 'running' ? 'in progress' : STATE_WORDS[at.state]}`);
    const inferred = progress.steps.find((step) => step.name === 'inference').state === 'done';
    if (progress.state === 'done' || (over && inferred)) this.#showReport(progress.state === 'done');
  }

  /** What the user can do now that a job ended without a report. */
  #outcome(progress) {
    const failed = progress.steps.find((step) => step.state === 'failed');
    const hopeless = Boolean(failed?.error) && this.inputErrors.includes(failed.error.code);
    const ended = ['failed', 'dead', 'cancelled'].includes(progress.state);
    role(this.root, 'retry').hidden = !ended || hopeless;
    role(this.root, 'another').hidden = !ended;
    if (failed) this.#failure(failed.name, failed.error?.detail || 'The step failed.');
    else this.#failure(null);
  }

  async #showReport(complete) {
    try {
      await this.report.show(this.jobId, complete);
      this.#speak(`The report is ready: ${this.report.conclusion}`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      message(role(this.root, 'connection'), `The report cannot be shown. ${problem.message}`);
    }
  }

  #step(step) {
    const line = this.root.querySelector(`[data-step="${step.name}"]`);
    if (line.dataset.state !== step.state) {
      line.dataset.state = step.state;
      line.querySelector('.mark').replaceChildren(icon(STATE_ICONS[step.state] || step.name));
    }
    line.querySelector('progress').value = step.state === 'done' ? 1 : step.fraction;
    const running = step.state === 'running';
    write(role(line, 'state'), running ? share(step.fraction) : STATE_WORDS[step.state]);
    const left = running && step.seconds_left != null ? timeLeft(step.seconds_left) : null;
    const parts = running ? [step.activity, left] : [step.error?.detail];
    write(role(line, 'detail'), parts.filter(Boolean).join(' · '));
  }

  #failure(step, detail, links = []) {
    const words = step ? `${STEPS[step]} failed: ${detail}` : '';
    const element = role(this.root, 'failure');
    if (element.dataset.words === words) return;
    element.dataset.words = words;
    message(element, words, { symbol: 'cross', links });
    if (step) role(this.root.querySelector(`[data-step="${step}"]`), 'detail').textContent = '';
  }

  #trouble(problem, seconds) {
    const gone = problem.status === 401;
    const words = gone
      ? 'You are no longer logged in. The analysis goes on.'
      : seconds === null
        ? problem.message
        : `${problem.message} The analysis goes on; asking again in ${seconds} s.`;
    message(role(this.root, 'connection'), words, { symbol: 'offline', links: gone ? [this.#loginLink()] : [] });
  }

  #loginLink() {
    const back = this.jobId ? url(this.urls.pageUrl, this.jobId) : this.urls.newUrl;
    return { href: `${this.urls.loginUrl}?next=${encodeURIComponent(back)}`, label: 'Log in again' };
  }

  async #act(template) {
    try {
      await call(url(template, this.jobId), { method: 'POST' });
    } catch (problem) {
      message(role(this.root, 'connection'), problem.message);
      return;
    }
    this.watch(this.jobId);
  }

  #speak(words) {
    if (words === this.spoken) return;
    this.spoken = words;
    role(this.root, 'announcer').textContent = words;
  }
}
