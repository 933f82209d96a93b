// The reading page: one case, its images, what was found, and the clinician's word on it.

import { Problem, call, url } from '../core/api.js';
import { message, role } from '../core/dom.js';
import { loop } from '../core/poll.js';
import { inForce, maySupersede } from '../cases/supersede.js';
import { problemWords } from '../core/codes.js';
import { probability } from '../core/numbers.js';
import { dayWords, localTimes, moment } from '../core/times.js';
import { language, t } from '../core/words.js';
import { Conclusion } from './conclusion.js';
import { StatusLine } from './status.js';
import { Drafts, guard } from './drafts.js';
import { Findings } from './findings.js';
import { Hanging } from '../viewer/hanging.js';
import { listen } from './keys.js';
import { Navigation } from './navigation.js';
import { Reviews } from './reviews.js';
import { Study, hangingOf } from '../viewer/study.js';
import { Tools, remembered } from '../viewer/tools.js';
import { Versions } from './versions.js';

const BUSY_MS = 1500;
const CALM_MS = 30000;
const TWO_AT_ONCE = 2;

class Page {
  constructor(root) {
    this.root = root;
    this.urls = root.dataset;
    this.lang = language.slice(0, 2);
    this.case = null;
    this.studies = [];
    this.active = null;
    this.chosen = null; // {study, index}: the finding, or the image where index is null
    this.layout = null; // as the reader wants it; see hanging.js
    this.retrying = false;
    this.asked = 0; // how often the case was asked for or written
    this.taken = 0; // which of these is shown
    this.shown = remembered();
    this.reviews = new Reviews(this);
    this.drafts = new Drafts();
    this.navigation = new Navigation(this);
    this.hanging = new Hanging(root, this);
    this.findings = new Findings(role(root, 'findings'), this);
    this.conclusion = new Conclusion(role(root, 'conclusion'), this);
    this.versions = new Versions(role(root, 'report'), this);
    this.status = new StatusLine(role(root, 'status-line'), this);
    this.tools = new Tools(root, this);
    this.edit = null; // fetched when it is wanted first
    this.waiting = [];
    this.loading = 0;
  }

  /** The images that are judged: those of the current examination. */
  get judged() {
    return this.studies.filter(({ prior }) => !prior);
  }

  when = moment;

  get activePane() {
    return this.active && this.hanging.paneOf(this.active);
  }

  /** Ask for the case again, and show what changed. */
  async refresh() {
    this.asked += 1;
    const turn = this.asked;
    const { body, headers } = await call(`${url(this.urls.caseUrl, this.urls.caseId)}?lang=${this.lang}`);
    if (turn < this.taken) return; // something newer is shown already
    this.taken = turn;
    this.etag = headers.get('ETag');
    const same = this.case?.revision === body.revision && JSON.stringify(this.case) === JSON.stringify(body);
    this.case = body;
    if (!same) this.#take();
  }

  /** Take a review that was written just now; an older look at the case that arrives late does not undo it. */
  takeReview({ job, finding }, review, etag) {
    this.asked += 1;
    this.taken = this.asked;
    this.etag = etag;
    const others = this.case.reviews.filter((other) => other.job_id !== job || other.finding !== finding);
    this.case = { ...this.case, reviews: review ? [...others, review] : others };
    this.show();
  }

  /** Whether the case may be changed: asks where a signed report would be out of date. */
  maySupersede = (change) => maySupersede(inForce(this.case), change);

  /** Whether leaving the page would lose something. */
  get unsaved() {
    return this.drafts.keys.length > 0 || this.reviews.pending || this.versions.typed;
  }

  /** The pace of the next look, as poll.js asks. */
  async ask() {
    await this.refresh();
    this.recalled ??= this.reviews.recall();
    message(role(this.root, 'trouble'), '');
    return this.case.state === 'analysing' ? BUSY_MS : CALM_MS;
  }

  #take() {
    const known = new Map(this.studies.map((study) => [study.id, study]));
    this.studies = named(this.case.images).map(([entry, name]) => {
      const study = known.get(entry.id) || new Study(this.urls, (changed) => this.#changed(changed));
      if (study.update(entry, name)) this.#queue(study);
      return study;
    });
    if (!this.studies.includes(this.active)) this.active = this.#first();
    const stays = this.studies.includes(this.chosen?.study) && this.chosen.jobId === this.chosen.study.jobId;
    if (!stays) this.chosen = null; // another analysis has other findings
    this.layout ??= this.studies.length ? Hanging.preferred(this.studies) : null;
    this.show();
  }

  /** The image to read first: where the suspicion is highest, among the films where these hang. */
  #first() {
    const value = (study) => study.entry.job.probability_malignant ?? -1;
    const hung = this.studies.filter(({ hanging }) => hanging);
    return [...(hung.length ? hung : this.studies)].sort((a, b) => value(b) - value(a))[0] || null;
  }

  #queue(study) {
    this.waiting.push(study);
    this.#work();
  }

  async #work() {
    if (this.loading >= TWO_AT_ONCE || !this.waiting.length) return;
    this.loading += 1;
    await this.waiting.shift().load();
    this.loading -= 1;
    this.#work();
    if (!this.loading && !this.waiting.length) this.#deepen();
  }

  /** The full depth comes after all pictures are there: first the image that is read, then those that hang beside it. */
  async #deepen() {
    const films = this.studies.filter(({ film, source }) => film && source);
    for (const study of [this.active, ...films].filter(Boolean)) await study.deepen();
  }

  #changed(study) {
    this.hanging.arrange();
    this.findings.show();
    this.conclusion.show();
    this.versions.show();
    this.status.show();
    if (study === this.active) this.tools.show();
  }

  show() {
    const empty = this.studies.length === 0;
    this.root.toggleAttribute('data-empty', empty);
    role(this.root, 'loading').hidden = true;
    role(this.root, 'empty').hidden = !empty;
    role(this.root, 'reading').hidden = empty;
    const state = role(this.root, 'state');
    state.textContent = t(`common.state.${this.case.state}`);
    state.dataset.state = this.case.state;
    role(this.root, 'status-line').hidden = empty;
    this.hanging.arrange();
    this.conclusion.show();
    this.findings.show();
    this.versions.show();
    this.tools.show();
    this.status.show();
  }

  draw() {
    this.hanging.draw();
  }

  /** Show or no longer show what was touched just now. */
  light() {
    this.hanging.light(this.status.lit);
    this.findings.light(this.status.lit);
  }

  findingsOf = (study) => this.findings.of(study);

  /** What an image is and what was said of it, in words. */
  describe(study) {
    if (!study.result) return t('reading.describe.none', { name: study.name });
    const { assessment, probability_malignant: value, thresholds } = study.result;
    return t('reading.describe', { name: study.name, assessment: t(`common.assessment.${assessment}`), percent: probability(value, thresholds) });
  }

  failureOf(study) {
    const { error, state } = study.entry.job;
    return state === 'cancelled' ? t('reading.cancelled') : problemWords(error || {});
  }

  hopeless = (study) => this.urls.inputErrors.split(' ').includes(study.entry.job.error?.code);

  /** Choose a layout. Four views show no field: there the first film is read then. */
  arrange(layout) {
    if (!this.studies.length) return;
    this.layout = layout;
    if (this.hanging.layout !== layout) {
      this.active = this.#first();
      this.chosen = null;
    }
    this.show();
  }

  onChoose = (study) => this.navigation.choose(study);

  onUse = (pane) => this.navigation.use(pane);

  onPick = (study, index, go) => this.navigation.pick(study, index, go);

  reveal = (target) => this.navigation.reveal(target);

  onWindow(pane, dx, dy) {
    this.tools.adjust(pane.study, dx / 200, -dy / 400);
  }

  onView() {}

  async onEdit(study) {
    const fetched = await import('./edit.js').catch(() => null);
    if (!fetched) return this.trouble(new Problem(0, { code: 'offline' }), null);
    this.edit ??= new fetched.Edit(document.getElementById('edit'), this);
    return this.edit.open(study);
  }

  async onRetry(study) {
    if (this.retrying) return;
    this.retrying = true;
    try {
      if (!(await this.maySupersede(t('reading.retry.of', { name: study.name })))) return;
      await call(url(this.urls.retryUrl, study.jobId), { method: 'POST' });
      this.watcher.wake();
    } catch (problem) {
      this.trouble(problem, null);
    } finally {
      this.retrying = false;
    }
  }

  trouble(problem, seconds) {
    if (!(problem instanceof Problem)) throw problem;
    const gone = problem.status === 401;
    const back = encodeURIComponent(location.pathname);
    const links = gone ? [{ href: `${this.urls.loginUrl}?next=${back}`, label: t('steps.log_in_again') }] : [];
    const words = seconds === null ? problem.message : t('reading.trouble', { problem: problem.message });
    message(role(this.root, 'trouble'), words, { symbol: 'offline', links });
  }

  say(words) {
    role(this.root, 'announcer').textContent = words;
  }
}

/** Images in the order of reading, each with what it is called: hung films, other films, fields, then priors, newest first. */
function named(images) {
  const order = ['RCC', 'LCC', 'RMLO', 'LMLO'];
  const place = (image) => (hangingOf(image) ? order.indexOf(hangingOf(image)) : image.modality === 'mammography' ? 4 : 5);
  const day = ({ is_prior: prior, examination }) => (prior ? examination : '9999');
  const counts = new Map();
  return [...images]
    .sort((a, b) => day(b).localeCompare(day(a)) || place(a) - place(b))
    .map((image) => {
      const own = hangingOf(image) || image.file_name; // as reasons and reports call it
      const key = `${own} ${day(image)}`;
      const number = (counts.get(key) || 0) + 1;
      counts.set(key, number);
      const name = number > 1 ? `${own} ${number}` : own;
      return [image, image.is_prior ? t('reading.prior', { name, day: dayWords(image.examination) }) : name];
    });
}

const page = new Page(document.getElementById('reading'));
listen(page, document.getElementById('shortcuts'), document.getElementById('shortcuts-on'));
for (const button of document.querySelectorAll('[data-opens]'))
  button.addEventListener('click', () => document.getElementById(button.dataset.opens).showModal());
for (const button of document.querySelectorAll('[data-closes]'))
  button.addEventListener('click', () => button.closest('dialog').close());
localTimes(document);
guard({ unsaved: () => page.unsaved, pending: () => page.reviews.pending, settled: () => page.reviews.settled });
page.watcher = loop(() => page.ask(), (problem, seconds) => page.trouble(problem, seconds));
